#include "probe/slowest_of_minute.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kMinute = SlowestOfMinute::kMinuteNs;

TEST(SlowestOfMinute, TheSlowestReplacesTheCandidate) {
  SlowestOfMinute slowest;
  EXPECT_TRUE(slowest.Offer(200 * kMs, 10 * kMinute));
  EXPECT_FALSE(slowest.Offer(150 * kMs, 10 * kMinute + 1));
  EXPECT_FALSE(slowest.Offer(200 * kMs, 10 * kMinute + 2));
  EXPECT_TRUE(slowest.Offer(300 * kMs, 10 * kMinute + 3));
}

TEST(SlowestOfMinute, FastRequestsAreNoCandidates) {
  SlowestOfMinute slowest;
  EXPECT_FALSE(slowest.Offer(99 * kMs, kMinute));
  EXPECT_FALSE(slowest.IsOver(5 * kMinute));
}

TEST(SlowestOfMinute, IsOverWithItsMinute) {
  SlowestOfMinute slowest;
  EXPECT_TRUE(slowest.Offer(200 * kMs, 11 * kMinute - 1));
  EXPECT_FALSE(slowest.IsOver(11 * kMinute - 1));
  EXPECT_TRUE(slowest.IsOver(11 * kMinute));
  slowest.Reset();
  EXPECT_FALSE(slowest.IsOver(11 * kMinute));
  EXPECT_TRUE(slowest.Offer(120 * kMs, 11 * kMinute)) << "a new minute begins from the floor";
}

}  // namespace
}  // namespace stirbar
