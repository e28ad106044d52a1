// How much counters that only grow have grown in the last minute.
#pragma once

#include <cstdint>
#include <deque>

#include "supervisor/supervisor.h"

namespace stirbar {

struct RecentTotals {
  uint64_t workers_died = 0;
  uint64_t lost = 0;
  uint64_t in_flight_overflow = 0;
};

// Keeps one point a second, 61 in all. What happened before the first Add is not counted: a new
// supervisor does not report its predecessor's findings again. Counters that go back (another
// segment) start it afresh.
class RecentTotalsWindow {
 public:
  RecentTotals Add(const Tick& now, const Totals& totals);

 private:
  struct Point {
    uint64_t now_ns;
    RecentTotals totals;
  };
  std::deque<Point> points_;
};

}  // namespace stirbar
