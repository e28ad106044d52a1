// How long memory lasts, from how fast it grew in the last seconds. What allocates without end is
// there before a threshold that is judged by the level alone: see MemoryOutlook.
#pragma once

#include <cstdint>
#include <deque>

#include "supervisor/supervisor.h"

namespace stirbar {

class MemoryForecast {
 public:
  // A new measurement, at the soonest a second after the one before.
  void Note(double memory_ratio, uint64_t now_ns);
  // `warning_threshold` is the ratio from which memory can run out; below it has time.
  MemoryOutlook Outlook(double warning_threshold) const;

 private:
  double SecondsLeft() const;

  struct Point {
    double ratio;
    uint64_t at_ns;
  };
  std::deque<Point> points_;  // of the last 4 s
};

}  // namespace stirbar
