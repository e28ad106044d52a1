// Silences: what an operator does not want to be told of for a while.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "supervisor/supervisor.h"

namespace stirbar {

enum class MatchField : uint8_t { kRule, kComponent, kWorker };

// "rule=memory", "component!=cpu", "rule=pool_*", "worker=3". A * stands for any text; a finding of
// the whole app has the worker "".
struct AlertMatcher {
  MatchField field = MatchField::kRule;
  bool equal = true;  // false: !=
  std::string pattern;
};

// Failure: says what is wrong and what is allowed.
Result<AlertMatcher> ParseMatcher(std::string_view text);
std::string TextOf(const AlertMatcher& matcher);
bool Matches(const AlertMatcher& matcher, const Finding& finding);

// Holds from `start_wall_ns` until before `end_wall_ns`, for what all its matchers match.
struct Silence {
  std::string id;
  std::vector<AlertMatcher> matchers;  // at least one
  uint64_t start_wall_ns = 0;
  uint64_t end_wall_ns = 0;
  std::string comment;
  std::string author;
};

inline constexpr size_t kMostMatchers = 10;
inline constexpr size_t kMostSilences = 200;
// A silence that nobody remembers hides the next outage: a month is for the longest holiday.
inline constexpr uint64_t kLongestSilenceNs = 30ULL * 86'400 * 1'000'000'000;

bool IsActive(const Silence& silence, uint64_t wall_ns);
// The first of `silences` that holds for `finding`; null: none does.
const Silence* FindSilence(const std::vector<Silence>& silences, const Finding& finding,
                           uint64_t wall_ns);

// Whether `text` is `pattern`, in which * stands for any text.
bool MatchesPattern(std::string_view pattern, std::string_view text);

boost::json::object ToJson(const Silence& silence);
// Failure: it is none, or not whole.
Result<Silence> SilenceFromJson(const boost::json::object& object);

}  // namespace stirbar
