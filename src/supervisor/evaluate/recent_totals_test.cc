#include "supervisor/evaluate/recent_totals.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

uint64_t DiedAt(RecentTotalsWindow& window, double seconds, uint64_t died) {
  Totals totals;
  totals.workers_died = died;
  return window.Add({.now_ns = static_cast<uint64_t>(1e12 + seconds * 1e9)}, totals).workers_died;
}

TEST(RecentTotals, CountsTheLastMinuteOnly) {
  RecentTotalsWindow window;
  EXPECT_EQ(DiedAt(window, 0, 7), 0U);  // before our time
  EXPECT_EQ(DiedAt(window, 0.1, 8), 1U);
  for (int tick = 2; tick < 600; ++tick) EXPECT_EQ(DiedAt(window, tick / 10.0, 8), 1U) << tick;
  for (int tick = 620; tick < 900; ++tick) EXPECT_EQ(DiedAt(window, tick / 10.0, 8), 0U) << tick;
}

TEST(RecentTotals, StartsAfreshWhenCountersGoBack) {
  RecentTotalsWindow window;
  DiedAt(window, 0, 7);
  EXPECT_EQ(DiedAt(window, 1, 0), 0U);
  EXPECT_EQ(DiedAt(window, 2, 2), 2U);
}

}  // namespace
}  // namespace stirbar
