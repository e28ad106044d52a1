// Durations as people write them.
#pragma once

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace stirbar {

// "500ms", "30s", "5m", "1.5h", "3d", up to 1e9 of its unit; absent: it is none.
inline std::optional<Nanoseconds> ParseDuration(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (read.ec != std::errc() || !(number >= 0) || number > 1e9) return std::nullopt;
  const std::string_view unit(read.ptr, static_cast<size_t>(end - read.ptr));
  double seconds = 0;
  if (unit == "ms") {
    seconds = 0.001;
  } else if (unit == "s") {
    seconds = 1;
  } else if (unit == "m") {
    seconds = 60;
  } else if (unit == "h") {
    seconds = 3600;
  } else if (unit == "d" && number <= 1e5) {
    seconds = 86'400;
  } else {
    return std::nullopt;
  }
  return Nanoseconds(static_cast<int64_t>(number * seconds * 1e9));
}

}  // namespace stirbar
