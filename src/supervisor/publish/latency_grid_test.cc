#include "supervisor/publish/latency_grid.h"

#include <gtest/gtest.h>

#include <numeric>

#include "supervisor/publish/latency_json.h"
#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kMs = 1'000'000;

uint64_t Sum(const std::array<uint32_t, kLatencyRows>& rows) {
  return std::accumulate(rows.begin(), rows.end(), uint64_t{0});
}

uint64_t Sum(const LatencyCounts& counts) {
  uint64_t sum = 0;
  for (const auto& rows : counts) sum += Sum(rows);
  return sum;
}

class Fed {
 public:
  explicit Fed(uint64_t now_ns = 100'000 * kSecond) : now_ns_(now_ns) { Pass(0); }

  RouteSample& Route(uint32_t id) {
    for (RouteSample& route : routes_) {
      if (route.id == id) return route;
    }
    routes_.push_back(MakeRoute(id, "/" + std::to_string(id), 0));
    return routes_.back();
  }
  void Count(uint32_t id, uint64_t duration_ns, uint64_t times = 1) {
    Route(id).totals.histogram[HistogramBucket(duration_ns)] += times;
  }
  void Pass(uint64_t seconds) {
    now_ns_ += seconds * kSecond;
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->sample.tick = {now_ns_, kTestWallNs + now_ns_, true};
    snapshot->sample.routes = routes_;
    grid.Publish(snapshot);
  }
  LatencyCounts CountsOf(uint32_t id) const {
    LatencyView view;
    EXPECT_EQ(grid.Route("GET /" + std::to_string(id), &view), LatencyGrid::Found::kYes) << id;
    return view.counts;
  }

  LatencyGrid grid;

 private:
  uint64_t now_ns_;
  std::vector<RouteSample> routes_;
};

TEST(LatencyGrid, BoundsGoFromOneMillisecondToAMinute) {
  const auto bounds = LatencyBounds();
  EXPECT_NEAR(bounds.front(), 0.001, 0.0001);
  EXPECT_NEAR(bounds.back(), 60, 1);
  for (size_t row = 1; row < kLatencyRows; ++row) {
    EXPECT_GT(bounds[row] / bounds[row - 1], 1.5);
    EXPECT_LT(bounds[row] / bounds[row - 1], 1.9);
  }
}

TEST(LatencyGrid, ADurationLiesBelowItsBoundAndNotBelowTheOneBefore) {
  const auto bounds = LatencyBounds();
  for (const uint64_t duration : {kMs / 10, kMs, 3 * kMs, 250 * kMs, 5 * kSecond, 59 * kSecond}) {
    Fed app;
    app.Count(2, duration);
    app.Pass(1);
    const auto counts = app.grid.App().counts.back();
    const double seconds = static_cast<double>(duration) * 1e-9;
    for (size_t row = 0; row < kLatencyRows; ++row) {
      if (counts[row] == 0) continue;
      EXPECT_LE(seconds, bounds[row]);
      EXPECT_GE(seconds, row > 0 ? bounds[row - 1] : 0);
    }
    EXPECT_EQ(Sum(counts), 1U) << duration;
  }
}

TEST(LatencyGrid, TheLastRowHasTheLongestToo) {
  Fed app;
  app.Count(2, 3600 * kSecond);
  app.Pass(1);
  EXPECT_EQ(app.grid.App().counts.back().back(), 1U);
}

TEST(LatencyGrid, WhatWasCountedBeforeTheFirstTickBelongsToNoColumn) {
  LatencyGrid grid;
  grid.Publish(MakeTestSnapshot());  // no full tick
  auto snapshot = MakeTestSnapshot();
  snapshot->sample.tick.full = true;
  grid.Publish(snapshot);
  EXPECT_EQ(Sum(grid.App().counts), 0U);
  auto later = std::make_shared<Snapshot>(*snapshot);
  later->sample.tick.now_ns += kSecond;
  later->sample.routes.push_back(MakeRoute(9, "/new", 5));  // turned up since
  grid.Publish(later);
  EXPECT_EQ(Sum(grid.App().counts), 5U);
}

TEST(LatencyGrid, ColumnsWanderAndFallOff) {
  Fed app;
  app.Count(2, kMs, 7);
  app.Pass(1);
  app.Pass(10);
  EXPECT_EQ(Sum(app.grid.App().counts[kLatencyColumns - 2]), 7U);
  app.Count(2, kMs, 3);
  app.Pass(50);
  EXPECT_EQ(Sum(app.CountsOf(2)), 10U);
  EXPECT_EQ(Sum(app.CountsOf(2)[kLatencyColumns - 7]), 7U);
  EXPECT_EQ(Sum(app.CountsOf(2)[kLatencyColumns - 1]), 3U);
  app.Pass(840);
  EXPECT_EQ(Sum(app.grid.App().counts), 3U);
  EXPECT_EQ(Sum(app.CountsOf(2)), 3U);
  app.Pass(100'000);  // a pause of the whole machine
  EXPECT_EQ(Sum(app.grid.App().counts), 0U);
  EXPECT_EQ(Sum(app.CountsOf(2)), 0U);
}

TEST(LatencyGrid, TimesAreTenSecondsApartAndEndNow) {
  for (const uint64_t begin : {3 * kSecond, 100'000 * kSecond}) {  // just switched on; long since
    Fed app(begin);
    app.Pass(7);
    const auto times = app.grid.App().time;
    for (size_t i = 1; i < kLatencyColumns; ++i) EXPECT_EQ(times[i] - times[i - 1], 10U);
    const uint64_t now = (kTestWallNs + begin) / kSecond + 7;
    EXPECT_LE(times.back(), now);
    EXPECT_GE(times.back() + 10, now);
  }
}

TEST(LatencyGrid, RoutesAreApart) {
  Fed app;
  app.Count(2, kMs, 2);
  app.Count(3, kSecond, 5);
  app.Route(4);
  app.Pass(1);
  EXPECT_EQ(Sum(app.CountsOf(2)), 2U);
  EXPECT_EQ(Sum(app.CountsOf(3)), 5U);
  EXPECT_EQ(Sum(app.CountsOf(4)), 0U);
  EXPECT_EQ(Sum(app.grid.App().counts), 7U);
  LatencyView view;
  EXPECT_EQ(app.grid.Route("GET /5", &view), LatencyGrid::Found::kUnknown);
  EXPECT_EQ(app.grid.Route("", &view), LatencyGrid::Found::kUnknown);
}

TEST(LatencyGrid, ACounterThatFallsAddsNothing) {
  Fed app;
  app.Count(2, kMs, 5);
  app.Pass(1);
  app.Route(2).totals.histogram.fill(0);
  app.Pass(1);
  app.Count(2, kMs, 1);
  app.Pass(1);
  EXPECT_EQ(Sum(app.CountsOf(2)), 6U);
}

TEST(LatencyGrid, TheLeastUsedIsLeftOutAndSaysSo) {
  Fed app;
  for (uint32_t id = 2; id < 2 + kLatencyRoutes; ++id) app.Count(id, kMs, id);
  app.Pass(1);
  app.Count(1000, kMs, 2);  // no more than the least used has
  app.Pass(1);
  LatencyView view;
  EXPECT_EQ(app.grid.Route("GET /1000", &view), LatencyGrid::Found::kLeftOut);
  app.Count(1001, kMs, 3);
  app.Pass(1);
  EXPECT_EQ(Sum(app.CountsOf(1001)), 3U);
  EXPECT_EQ(app.grid.Route("GET /2", &view), LatencyGrid::Found::kLeftOut);
  EXPECT_EQ(Sum(app.CountsOf(3)), 3U);
  EXPECT_EQ(Sum(app.grid.App().counts), (2U + kLatencyRoutes + 1U) * kLatencyRoutes / 2U + 2U + 3U);
  app.Pass(900);  // all of it is forgotten, and nothing is missing any more
  EXPECT_EQ(Sum(app.CountsOf(2)), 0U);
  EXPECT_EQ(Sum(app.CountsOf(1000)), 0U);
}

TEST(LatencyJson, HasTheShapeOfTheContract) {
  Fed app;
  app.Count(2, kMs, 4);
  app.Pass(1);
  const boost::json::value made = boost::json::parse(LatencyJson(app.grid.App()));
  EXPECT_EQ(made.at("interval_seconds").as_int64(), 10);
  EXPECT_EQ(made.at("columns").as_int64(), 90);
  EXPECT_EQ(made.at("bounds_seconds").as_array().size(), kLatencyRows);
  EXPECT_EQ(made.at("time").as_array().size(), kLatencyColumns);
  ASSERT_EQ(made.at("counts").as_array().size(), kLatencyColumns);
  EXPECT_EQ(made.at("counts").at(89).as_array().size(), kLatencyRows);
  EXPECT_EQ(made.at("counts").at(89).at(0).as_int64(), 4);
}

}  // namespace
}  // namespace stirbar
