#include "supervisor/evaluate/trend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsNan;

template <typename Value>
std::vector<TrendPoint> Points(size_t count, Value value) {
  std::vector<TrendPoint> points;
  for (size_t i = 0; i < count; ++i) {
    const double seconds = static_cast<double>(i) * 30;
    points.push_back({seconds, value(seconds)});
  }
  return points;
}

TEST(Slope, OfALineIsItsOwn) {
  const Slope slope = SlopeOf(Points(30, [](double s) { return 100 + s / 3600 * 12; }), 0.1);
  EXPECT_NEAR(slope.per_hour, 12, 1e-6);
  EXPECT_NEAR(slope.low, 12, 1e-6);
  EXPECT_EQ(slope.reason, "");
}

TEST(Slope, AThirdOfWildPointsDoesNotMoveIt) {
  int n = 0;
  const Slope slope = SlopeOf(
      Points(30, [&](double s) { return n++ % 4 == 0 ? 5000.0 : 100 + s / 3600 * 12; }), 0.1);
  EXPECT_NEAR(slope.per_hour, 12, 8);
}

TEST(Slope, NoiseWithoutATrendHasNone) {
  int found = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0.5, 0.1);
    found +=
        std::isnan(SlopeOf(Points(30, [&](double) { return noise(random); }), 0).per_hour) ? 0 : 1;
  }
  EXPECT_LE(found, 6) << "of 200: 1 % each is what 99 % means";
}

TEST(Slope, ATrendIsFoundInNoise) {
  int found = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0, 2e6);
    const Slope slope =
        SlopeOf(Points(30, [&](double s) { return 200e6 + s * 40e6 / 900 + noise(random); }), 4e6);
    if (std::isnan(slope.per_hour)) continue;
    ++found;
    EXPECT_NEAR(slope.per_hour, 160e6, 40e6);
    EXPECT_LT(slope.low, slope.per_hour);
    EXPECT_GT(slope.high, slope.per_hour);
  }
  EXPECT_EQ(found, 100);
}

TEST(Slope, FewPointsAndLevelOnesHaveNone) {
  EXPECT_THAT(SlopeOf(Points(7, [](double s) { return s; }), 0).reason, HasSubstr("too short"));
  EXPECT_EQ(SlopeOf(Points(30, [](double s) { return 100 + s / 1e6; }), 1).reason, "level");
  EXPECT_THAT(SlopeOf(Points(30, [](double) { return 4.0; }), 0).per_hour, IsNan());
}

class TrendWatchTest : public testing::Test {
 protected:
  // Shows a second each in [from, until).
  template <typename Ratio>
  void Show(int from, int until, Ratio ratio) {
    for (int second = from; second < until; ++second) {
      MetricValues metrics;
      metrics[MetricId::memory_ratio] = ratio(second);
      metrics[MetricId::memory_bytes] = ratio(second) * 1e9;
      const auto now = static_cast<uint64_t>(second) * 1'000'000'000 + 1'800'000'000'000'000'000;
      watch_.Add({.now_ns = now, .wall_ns = now, .full = true}, metrics);
    }
  }
  TrendSample Of(MetricId metric) {
    for (const TrendSample& trend : watch_.Trends(settings_)) {
      if (trend.metric == metric) return trend;
    }
    return {};
  }

  Settings settings_;
  TrendWatch watch_;
};

TEST_F(TrendWatchTest, SaysWhenMemoryWillBeCritical) {
  Show(0, 900, [](int second) { return 0.5 + 0.1 * second / 3600; });
  const TrendSample memory = Of(MetricId::memory_ratio);
  EXPECT_NEAR(memory.slope_per_hour, 0.1, 0.01);
  EXPECT_NEAR(memory.now, 0.525, 0.005);
  EXPECT_NEAR(memory.reaches_critical_seconds, 3.75 * 3600, 1200);
  EXPECT_NEAR(Of(MetricId::memory_bytes).slope_per_hour, 1e8, 1e7);
  EXPECT_THAT(Of(MetricId::memory_bytes).reaches_critical_seconds, IsNan());
}

TEST_F(TrendWatchTest, ForgetsWhatIsOlderThanAQuarterOfAnHour) {
  Show(0, 900, [](int second) { return 0.2 + second / 3600.0; });
  Show(900, 2000, [](int) { return 0.45; });
  EXPECT_THAT(Of(MetricId::memory_ratio).slope_per_hour, IsNan());
}

TEST_F(TrendWatchTest, WhatIsNotMeasuredHasNoTrend) {
  Show(0, 900, [](int) { return kNotMeasured; });
  EXPECT_THAT(Of(MetricId::memory_ratio).reason, HasSubstr("too short"));
  EXPECT_THAT(Of(MetricId::p95_seconds).now, IsNan());
}

TEST_F(TrendWatchTest, GoesOnWithWhatTheSegmentKept) {
  std::vector<HistoryValues> past;
  for (uint64_t second = 0; second < 600; ++second) {
    HistoryValues values{};
    values.wall_ms = 1'800'000'000'000 + second * 1000;
    values.memory_ratio = 0.3 + 0.2 * static_cast<double>(second) / 3600;
    values.memory_bytes = values.p95_seconds = values.accept_queue = kNotMeasured;
    past.push_back(values);
  }
  watch_ = TrendWatch(past);
  Show(600, 640, [](int second) { return 0.3 + 0.2 * second / 3600.0; });
  EXPECT_NEAR(Of(MetricId::memory_ratio).slope_per_hour, 0.2, 0.02);
}

}  // namespace
}  // namespace stirbar
