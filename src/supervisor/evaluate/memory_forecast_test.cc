#include "supervisor/evaluate/memory_forecast.h"

#include <gtest/gtest.h>

#include <limits>

namespace stirbar {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr uint64_t kSecondNs = 1'000'000'000;

double SecondsLeft(const MemoryForecast& forecast) { return forecast.Outlook(0.8).seconds_left; }

TEST(MemoryForecast, ExtendsTheGrowthOfTheLastSeconds) {
  MemoryForecast forecast;
  uint64_t now = 1000 * kSecondNs;
  for (int i = 0; i < 10; ++i, now += kSecondNs) forecast.Note(0.5 + 0.04 * i, now);
  EXPECT_NEAR(SecondsLeft(forecast), 0.14 / 0.04, 1e-6);
}

TEST(MemoryForecast, SteadyAndFallingMemoryLastsForEver) {
  MemoryForecast forecast;
  for (uint64_t i = 0; i < 5; ++i)
    forecast.Note(0.9 - 0.01 * static_cast<double>(i), i * kSecondNs);
  EXPECT_EQ(SecondsLeft(forecast), kNever);
  EXPECT_FALSE(forecast.Outlook(0.8).running_out);
}

TEST(MemoryForecast, TwoMeasurementsSayNothing) {
  MemoryForecast forecast;
  EXPECT_EQ(SecondsLeft(forecast), kNever);
  EXPECT_FALSE(forecast.Outlook(0).running_out);
  forecast.Note(0.1, 0);
  forecast.Note(0.9, kSecondNs);
  EXPECT_EQ(SecondsLeft(forecast), kNever);
  forecast.Note(kNotMeasured, 2 * kSecondNs);
  forecast.Note(0.95, 3 * kSecondNs);
  EXPECT_EQ(SecondsLeft(forecast), kNever);
}

TEST(MemoryForecast, RunsOutFromTheWarningOnWhenSecondsAreLeft) {
  MemoryForecast forecast;
  for (uint64_t i = 0; i < 4; ++i) {
    forecast.Note(0.55 + 0.1 * static_cast<double>(i), i * kSecondNs);
  }
  EXPECT_NEAR(SecondsLeft(forecast), 1.5, 1e-6);
  EXPECT_TRUE(forecast.Outlook(0.8).running_out);
  EXPECT_FALSE(forecast.Outlook(0.9).running_out);
}

}  // namespace
}  // namespace stirbar
