// The resolutions that the history keeps, finest first, and for how long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace stirbar {

struct HistoryLevel {
  uint32_t seconds;       // that a row stands for
  uint64_t keep_seconds;  // at most; the settings history_days and history_size_limit shorten it
};

inline constexpr uint64_t kHourSeconds = 3600;
inline constexpr uint64_t kDaySeconds = 24 * kHourSeconds;

// Each is kept for some 20,000 to 60,000 rows of 100 to 600 bytes. What is asked of each: seconds,
// to see what led to a hang of this morning; ten seconds, to compare with yesterday; minutes, with
// last week; ten minutes, with last year.
inline constexpr std::array kHistoryLevels{
    HistoryLevel{1, 6 * kHourSeconds}, HistoryLevel{10, 3 * kDaySeconds},
    HistoryLevel{60, 30 * kDaySeconds}, HistoryLevel{600, 400 * kDaySeconds}};
inline constexpr size_t kLevels = kHistoryLevels.size();

// The same of routes, of which there are 50 an interval: an answer reads some 20,000 to 40,000
// rows.
inline constexpr std::array kRouteLevels{HistoryLevel{60, 1 * kDaySeconds},
                                         HistoryLevel{600, 7 * kDaySeconds},
                                         HistoryLevel{3600, 90 * kDaySeconds}};

// The beginning of the interval of `seconds` in which `time` lies.
inline constexpr int64_t IntervalOf(int64_t time, int64_t seconds) {
  return time - ((time % seconds) + seconds) % seconds;
}

}  // namespace stirbar
