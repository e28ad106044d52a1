// Words of a query to values.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "supervisor/publish/history_text.h"

namespace stirbar {
namespace {

constexpr int64_t kLatest = 253'402'300'799;  // the end of the year 9999

std::string Refusal(std::string_view field, std::string_view value, const std::string& allowed) {
  return std::string(field) + ": '" + std::string(value.substr(0, 60)) +
         "' is not allowed; it takes " + allowed;
}

// The number at the beginning of `text`, `digits` of them, which is removed; -1: there is none.
int TakeDigits(size_t digits, std::string_view* text) {
  if (text->size() < digits) return -1;
  int value = 0;
  for (const char digit : text->substr(0, digits)) {
    if (digit < '0' || digit > '9') return -1;
    value = value * 10 + (digit - '0');
  }
  text->remove_prefix(digits);
  return value;
}

bool TakeOne(std::string_view allowed, std::string_view* text) {
  if (text->empty() || allowed.find(text->front()) == std::string_view::npos) return false;
  text->remove_prefix(1);
  return true;
}

// Minutes east of Greenwich at the end of a time; absent: it is none.
std::optional<int> TakeZone(std::string_view* text) {
  if (TakeOne("Zz", text)) return 0;
  if (text->empty()) return std::nullopt;
  // A plus in a query means a space.
  const int sign = text->front() == '-' ? -1 : 1;
  if (!TakeOne("+- ", text)) return std::nullopt;
  const int hours = TakeDigits(2, text);
  if (!TakeOne(":", text)) return std::nullopt;
  const int minutes = TakeDigits(2, text);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

std::optional<int64_t> FromRfc3339(std::string_view text) {
  const int year = TakeDigits(4, &text);
  if (!TakeOne("-", &text)) return std::nullopt;
  const int month = TakeDigits(2, &text);
  if (!TakeOne("-", &text)) return std::nullopt;
  const int day = TakeDigits(2, &text);
  if (!TakeOne("Tt ", &text)) return std::nullopt;
  const int hour = TakeDigits(2, &text);
  if (!TakeOne(":", &text)) return std::nullopt;
  const int minute = TakeDigits(2, &text);
  if (!TakeOne(":", &text)) return std::nullopt;
  const int second = TakeDigits(2, &text);
  if (TakeOne(".", &text)) {
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
  }
  const std::optional<int> zone = TakeZone(&text);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!zone || !text.empty() || year < 1970 || !date.ok() || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + hour * 3600 + (minute - *zone) * 60 + second;
}

Result<bool> AddName(std::string_view name, HistoryQuery* query) {
  if (const MetricSpec* const spec = FindMetric(name)) {
    query->metrics.push_back(spec->id);
    return true;
  }
  for (size_t i = 0; i < kSpreads; ++i) {
    if (Name(static_cast<Spread>(i)) != name) continue;
    query->spreads.push_back(static_cast<Spread>(i));
    return true;
  }
  std::string allowed;
  for (const MetricSpec& spec : kMetricSpecs) allowed += std::string(spec.name) + ", ";
  return Error{
      Refusal("metrics", name, allowed + "request_seconds, queue_seconds, pool_wait_seconds")};
}

}  // namespace

Result<int64_t> ParseTime(std::string_view field, std::string_view text) {
  double seconds = 0;
  const auto number = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (number.ec == std::errc() && number.ptr == text.data() + text.size() && seconds >= 0 &&
      seconds <= static_cast<double>(kLatest)) {
    return static_cast<int64_t>(seconds);
  }
  const std::optional<int64_t> time = FromRfc3339(text);
  if (time && *time >= 0) return *time;
  return Error{Refusal(field, text,
                       "a time as 2026-11-29T13:00:00Z or 2026-11-29T14:00:00+01:00, or seconds "
                       "since 1970")};
}

Result<bool> ParseMetrics(std::string_view text, HistoryQuery* query) {
  if (text.empty()) {
    for (const MetricSpec& spec : kMetricSpecs) query->metrics.push_back(spec.id);
    query->spreads = {Spread::kRequest, Spread::kQueue, Spread::kPoolWait};
    return true;
  }
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (Result<bool> added = AddName(text.substr(0, comma), query); !added) return added;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  const auto unique = [](auto* list) {
    for (auto it = list->begin(); it != list->end();) {
      it = std::find(list->begin(), it, *it) != it ? list->erase(it) : it + 1;
    }
  };
  unique(&query->metrics);
  unique(&query->spreads);
  return true;
}

Result<HistoryRange> ParseRange(const RangeWords& words, int64_t now, int64_t most) {
  HistoryRange range;
  range.until = now;
  if (words.until) {
    const Result<int64_t> until = ParseTime("until", *words.until);
    if (!until) return Error{until.error()};
    range.until = *until;
  }
  range.from = range.until - 3600;
  if (words.from) {
    const Result<int64_t> from = ParseTime("from", *words.from);
    if (!from) return Error{from.error()};
    range.from = *from;
  }
  if (range.from >= range.until) {
    return Error{Refusal("from", words.from.value_or(std::to_string(range.from)),
                         "a time before until (" + std::to_string(range.until) + ")")};
  }
  if (!words.step) return range;
  const int64_t least = (range.until - range.from + most - 1) / most;
  const std::string& text = *words.step;
  const auto number = std::from_chars(text.data(), text.data() + text.size(), range.step);
  if (number.ec != std::errc() || number.ptr != text.data() + text.size() || range.step < least ||
      range.step > kLatest) {
    return Error{Refusal("step", text,
                         "whole seconds, here at least " + std::to_string(least) +
                             ": an answer has at most " + std::to_string(most) + " points")};
  }
  return range;
}

}  // namespace stirbar
