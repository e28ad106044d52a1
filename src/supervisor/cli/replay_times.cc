#include "supervisor/cli/replay_times.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace stirbar {

Result<double> ParseTime(const std::string& text) {
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seconds);
  if (read.ec == std::errc() && read.ptr == end && seconds >= 0 && seconds < 1e11) return seconds;
  std::tm time{};
  int length = 0;
  char between = 0;
  const int found = std::sscanf(text.c_str(), "%4d-%2d-%2d%c%2d:%2d%n", &time.tm_year, &time.tm_mon,
                                &time.tm_mday, &between, &time.tm_hour, &time.tm_min, &length);
  if (found == 6 && (between == 'T' || between == ' ')) {
    std::string rest = text.substr(static_cast<size_t>(length));
    int more = 0;
    if (std::sscanf(rest.c_str(), ":%2d%n", &time.tm_sec, &more) == 1) {
      rest = rest.substr(static_cast<size_t>(more));
    }
    const bool valid = time.tm_year >= 1970 && time.tm_mon >= 1 && time.tm_mon <= 12 &&
                       time.tm_mday >= 1 && time.tm_mday <= 31 && time.tm_hour < 24 &&
                       time.tm_min < 60 && time.tm_sec < 61;
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    if (valid && (rest.empty() || rest == "Z")) return static_cast<double>(timegm(&time));
  }
  return Error{"'" + text.substr(0, 60) +
               "' is no time; it takes seconds since 1970, or 2026-11-29T12:00:00Z"};
}

std::string TimeText(double seconds) {
  const auto whole = static_cast<std::time_t>(std::floor(seconds));
  std::tm time{};
  gmtime_r(&whole, &time);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &time);
  return text;
}

}  // namespace stirbar
