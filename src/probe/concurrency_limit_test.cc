#include "probe/concurrency_limit.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr uint64_t kMs = 1'000'000;

// `windows` windows of 20 requests each.
void Feed(ConcurrencyLimit* limit, uint64_t* now, int windows, uint64_t duration_ns,
          uint32_t running, bool late = false) {
  for (int i = 0; i < windows * 20; ++i) {
    *now += ConcurrencyLimit::kWindowNs / 18;
    limit->Add(*now, duration_ns, running, late);
  }
}

TEST(ConcurrencyLimit, GrowsWhileLatencyStays) {
  ConcurrencyLimit limit;
  uint64_t now = 0;
  Feed(&limit, &now, 60, 10 * kMs, 40);
  EXPECT_GT(limit.limit(), 40);
}

TEST(ConcurrencyLimit, FallsWhenLatencyGrows) {
  ConcurrencyLimit limit;
  uint64_t now = 0;
  Feed(&limit, &now, 20, 10 * kMs, 20);
  const double before = limit.limit();
  Feed(&limit, &now, 30, 100 * kMs, 40);
  EXPECT_LT(limit.limit(), before / 2);
  EXPECT_GE(limit.limit(), ConcurrencyLimit::kLowest);
}

TEST(ConcurrencyLimit, ComesBackWhenLatencyDoes) {
  ConcurrencyLimit limit;
  uint64_t now = 0;
  Feed(&limit, &now, 20, 10 * kMs, 20);
  Feed(&limit, &now, 10, 100 * kMs, 40);
  const double low = limit.limit();
  Feed(&limit, &now, 40, 10 * kMs, 40);
  EXPECT_GT(limit.limit(), 2 * low);
}

TEST(ConcurrencyLimit, IdleAppProvesNothing) {
  ConcurrencyLimit limit;
  uint64_t now = 0;
  Feed(&limit, &now, 50, 10 * kMs, 2);
  EXPECT_EQ(limit.limit(), ConcurrencyLimit::kInitial);
}

TEST(ConcurrencyLimit, LateAnswersTakeATenth) {
  ConcurrencyLimit limit;
  uint64_t now = 0;
  Feed(&limit, &now, 1, 10 * kMs, 20, true);
  EXPECT_NEAR(limit.limit(), 18, 1e-9);
  Feed(&limit, &now, 100, 10 * kMs, 20, true);
  EXPECT_EQ(limit.limit(), ConcurrencyLimit::kLowest);
}

}  // namespace
}  // namespace stirbar
