#include "supervisor/publish/alert_silence.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "supervisor/publish/alert_fields.h"

namespace stirbar {
namespace {

constexpr std::array<std::string_view, 3> kFields{"rule", "component", "worker"};
constexpr size_t kLongestPattern = 100;

std::string ValueOf(MatchField field, const Finding& finding) {
  switch (field) {
    case MatchField::kRule:
      return finding.rule;
    case MatchField::kComponent:
      return finding.component;
    case MatchField::kWorker:
      return finding.slot ? std::to_string(*finding.slot) : "";
  }
  return "";
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  // One step back to the newest star is enough: what an earlier one takes more, it takes less.
  size_t at = 0;
  size_t in = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = in;
    } else if (at < pattern.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

Result<AlertMatcher> ParseMatcher(std::string_view text) {
  const std::string shown = "matcher '" + std::string(text.substr(0, kLongestPattern)) + "' ";
  const Error wrong{shown + "is not allowed; it takes rule, component or worker, then = or !=, " +
                    "then a value in which * stands for any text"};
  const size_t sign = text.find('=');
  if (sign == std::string_view::npos || sign == 0) return wrong;
  AlertMatcher matcher;
  matcher.equal = text[sign - 1] != '!';
  const std::string_view name = text.substr(0, sign - (matcher.equal ? 0 : 1));
  const auto* const field = std::find(kFields.begin(), kFields.end(), name);
  if (field == kFields.end()) return wrong;
  matcher.field = static_cast<MatchField>(field - kFields.begin());
  matcher.pattern = std::string(text.substr(sign + 1));
  const bool printable = std::all_of(matcher.pattern.begin(), matcher.pattern.end(),
                                     [](char letter) { return letter > ' ' && letter < 127; });
  if (matcher.pattern.size() > kLongestPattern || !printable) return wrong;
  if (matcher.pattern.empty() && matcher.field != MatchField::kWorker) return wrong;
  return matcher;
}

std::string TextOf(const AlertMatcher& matcher) {
  return std::string(kFields[static_cast<size_t>(matcher.field)]) + (matcher.equal ? "=" : "!=") +
         matcher.pattern;
}

bool Matches(const AlertMatcher& matcher, const Finding& finding) {
  return MatchesPattern(matcher.pattern, ValueOf(matcher.field, finding)) == matcher.equal;
}

bool IsActive(const Silence& silence, uint64_t wall_ns) {
  return silence.start_wall_ns <= wall_ns && wall_ns < silence.end_wall_ns;
}

const Silence* FindSilence(const std::vector<Silence>& silences, const Finding& finding,
                           uint64_t wall_ns) {
  for (const Silence& silence : silences) {
    const bool matches =
        IsActive(silence, wall_ns) && !silence.matchers.empty() &&
        std::all_of(silence.matchers.begin(), silence.matchers.end(),
                    [&](const AlertMatcher& matcher) { return Matches(matcher, finding); });
    if (matches) return &silence;
  }
  return nullptr;
}

boost::json::object ToJson(const Silence& silence) {
  boost::json::array matchers;
  for (const AlertMatcher& matcher : silence.matchers) {
    matchers.emplace_back(TextOf(matcher));
  }
  return {{"id", silence.id},
          {"matchers", std::move(matchers)},
          {"start", silence.start_wall_ns},
          {"end", silence.end_wall_ns},
          {"comment", silence.comment},
          {"author", silence.author}};
}

Result<Silence> SilenceFromJson(const boost::json::object& object) {
  Silence silence;
  silence.id = TextField(object, "id");
  silence.start_wall_ns = CountField(object, "start");
  silence.end_wall_ns = CountField(object, "end");
  silence.comment = TextField(object, "comment");
  silence.author = TextField(object, "author");
  for (const boost::json::value& value : ArrayField(object, "matchers")) {
    const Result<AlertMatcher> matcher =
        ParseMatcher(value.is_string() ? std::string_view(value.as_string()) : "");
    if (!matcher) return Error{matcher.error()};
    silence.matchers.push_back(*matcher);
  }
  if (silence.id.empty() || silence.matchers.empty()) return Error{"no silence"};
  return silence;
}

}  // namespace stirbar
