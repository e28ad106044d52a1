#include "probe/pool_upkeep.h"

#include <gtest/gtest.h>

#include <set>

namespace stirbar {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr UpkeepLimits kLimits{.idle_timeout_ns = 3600 * kSecond, .keep_alive_ns = 120 * kSecond};

TEST(Upkeep, OfAnIdleConnection) {
  const UpkeepTimes times{
      .expires_ns = 4000 * kSecond, .idle_since_ns = 10 * kSecond, .last_sign_ns = 10 * kSecond};
  EXPECT_EQ(UpkeepOf(times, kLimits, 100 * kSecond), Upkeep::kNone);
  EXPECT_EQ(UpkeepOf(times, kLimits, 130 * kSecond), Upkeep::kPing);
  EXPECT_EQ(UpkeepOf(times, {.idle_timeout_ns = 3600 * kSecond}, 130 * kSecond), Upkeep::kNone);
  EXPECT_EQ(UpkeepOf(times, kLimits, 3610 * kSecond), Upkeep::kIdle);
  EXPECT_EQ(UpkeepOf(times, kLimits, 4000 * kSecond), Upkeep::kExpired);
}

TEST(Upkeep, APingIsASignOfLifeNotOfUse) {
  const UpkeepTimes times{.idle_since_ns = 10 * kSecond, .last_sign_ns = 3600 * kSecond};
  EXPECT_EQ(UpkeepOf(times, kLimits, 3609 * kSecond), Upkeep::kNone);
  EXPECT_EQ(UpkeepOf(times, kLimits, 3610 * kSecond), Upkeep::kIdle);
}

// R-POOL-6
TEST(Expiry, IsSpreadOverTheLastTenth) {
  std::set<uint64_t> seen;
  for (uint64_t chance = 0; chance < 1000; ++chance) {
    const uint64_t at = ExpiryOf(5 * kSecond, 1800 * kSecond, chance * 982'451'653);
    EXPECT_LE(at, 1805 * kSecond);
    EXPECT_GE(at, 1625 * kSecond);
    seen.insert(at);
  }
  EXPECT_GT(seen.size(), 990U);
  EXPECT_EQ(ExpiryOf(5, 0, 7), UINT64_MAX);
}

TEST(Surplus, IsWhatNobodyHasNeededForTheWholeTime) {
  SurplusMeter meter;
  uint64_t now = 100 * kSecond;
  EXPECT_EQ(meter.Note(0, now, 30 * kSecond), 0U) << "a burst: all were in use";
  uint32_t found = 0;
  uint64_t waited = 0;
  while (found == 0 && waited < 100) {
    ++waited;
    now += kSecond;
    found = meter.Note(waited == 10 ? 4 : 6, now, 30 * kSecond);
  }
  EXPECT_EQ(found, 4U) << "at one moment only four were idle";
  EXPECT_GE(waited, 30U);
  EXPECT_LE(waited, 40U);
}

TEST(Surplus, IsNothingWhereAllAreNeededNowAndThen) {
  SurplusMeter meter;
  for (uint64_t second = 0; second < 1000; ++second) {
    EXPECT_EQ(meter.Note(second % 20 == 0 ? 0 : 10, second * kSecond, 30 * kSecond), 0U);
  }
}

}  // namespace
}  // namespace stirbar
