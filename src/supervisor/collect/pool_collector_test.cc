#include "supervisor/collect/pool_collector.h"

#include <gtest/gtest.h>

#include <cmath>

#include "supervisor/collect/pool_fixture.h"

namespace stirbar {
namespace {

class PoolCollectorTest : public testing::Test {
 protected:
  const PoolSample& Look() {
    collector_.Collect(app_.tick(), &app_.sample());
    EXPECT_EQ(app_.sample().pools.size(), 1U);
    return app_.sample().pools.front();
  }

  PooledApp app_;
  PoolCollector collector_{app_.segment()};
};

TEST_F(PoolCollectorTest, AddsUpWorkers) {
  const uint32_t pool = app_.AddPool("mysql://db.example.org:3306/shop");
  for (uint32_t i = 0; i < 2; ++i) {
    PoolStats& stats = app_.Use(app_.AddWorker(), pool);
    stats.active = i + 1;
    stats.idle = 1;
    stats.waiting[0] = 3;
    stats.oldest_wait_since_ns = app_.tick().now_ns - (i + 1) * PooledApp::kSecondNs;
    Counter(stats, PoolCounter::checkouts) = 10;
  }
  const PoolSample& row = Look();
  EXPECT_EQ(row.name, "mysql://db.example.org:3306/shop");
  EXPECT_EQ(row.workers, 2U);
  EXPECT_TRUE(row.fair);
  EXPECT_EQ(row.capacity, 6U);
  EXPECT_EQ(row.active, 3U);
  EXPECT_EQ(row.idle, 2U);
  EXPECT_EQ(row.waiting[0], 6U);
  EXPECT_DOUBLE_EQ(row.oldest_wait_seconds, 2);
  EXPECT_NEAR(row.utilisation, 2.0 / 3, 1e-9) << "of the fullest worker";
  EXPECT_EQ(Count(row.totals, PoolCounter::checkouts), 20U);
}

TEST_F(PoolCollectorTest, OneUnlimitedWorkerMakesItUnlimited) {
  const uint32_t pool = app_.AddPool("sqlite://");
  app_.Use(app_.AddWorker(), pool);
  app_.Use(app_.AddWorker(), pool).max_overflow = UINT32_MAX;
  app_.Use(app_.AddWorker(), pool);
  EXPECT_EQ(Look().capacity, 0U);
  EXPECT_EQ(Look().max_overflow, UINT32_MAX);
}

TEST_F(PoolCollectorTest, FiguresOutliveTheirWorkerAndItsConnectionsDoNot) {
  const uint32_t pool = app_.AddPool("a");
  PoolStats& stats = app_.Use(app_.AddWorker(), pool);
  stats.active = 2;
  Counter(stats, PoolCounter::created) = 2;
  EXPECT_EQ(Look().active, 2U);
  app_.Bury(0);
  const PoolSample& row = Look();
  EXPECT_EQ(row.active, 0U);
  EXPECT_EQ(row.workers, 0U);
  EXPECT_EQ(Count(row.totals, PoolCounter::created), 2U);
}

TEST_F(PoolCollectorTest, WaitsAreOfTheLastMinute) {
  const uint32_t pool = app_.AddPool("a");
  PoolStats& stats = app_.Use(app_.AddWorker(), pool);
  stats.wait_histogram[HistogramBucket(5'000'000'000)] = 100;
  EXPECT_TRUE(std::isnan(Look().wait_p95_seconds)) << "of before this supervisor";
  stats.wait_histogram[HistogramBucket(1'000'000)] = 50;
  Counter(stats, PoolCounter::checkouts) = 50;
  Counter(stats, PoolCounter::hold_ns) = 50 * 2'000'000;
  app_.Pass(1);
  const PoolSample& row = Look();
  EXPECT_NEAR(row.wait_p95_seconds, 0.001, 0.0002);
  EXPECT_NEAR(row.hold_mean_seconds, 0.002, 1e-9);
  app_.Pass(0.25, false);
  EXPECT_NEAR(Look().wait_p95_seconds, 0.001, 0.0002) << "carried over";
  app_.Pass(80);
  EXPECT_TRUE(std::isnan(Look().wait_p95_seconds));
}

TEST_F(PoolCollectorTest, ActiveIsWatchedForAQuarterOfAnHour) {
  const uint32_t pool = app_.AddPool("a");
  PoolStats& stats = app_.Use(app_.AddWorker(), pool);
  for (int i = 0; i < 400; ++i) {
    stats.active = i % 10 == 0 ? 3 : 1;
    app_.Pass(0.25, i % 4 == 0);
    Look();
  }
  app_.Pass(1);
  EXPECT_EQ(Look().active_p95, 3);
  EXPECT_EQ(Look().active_max, 3);
  stats.active = 0;
  for (int i = 0; i < 1000; ++i) {
    app_.Pass(1);
    Look();
  }
  EXPECT_EQ(Look().active_p95, 0);
  EXPECT_EQ(Look().active_max, 0);
}

TEST_F(PoolCollectorTest, AddsUpTargets) {
  const uint32_t pool = app_.AddPool("a");
  for (uint32_t i = 0; i < 2; ++i) {
    PoolTarget& target = app_.Use(app_.AddWorker(), pool).targets[0];
    std::snprintf(target.name, sizeof target.name, "db.example.org:3306");
    std::snprintf(target.last_error, sizeof target.last_error, "OperationalError %u", 2003 + i);
    target.connections = 2;
    target.connects = 5;
    target.connect_sum_ns = 5 * PooledApp::kSecondNs;
    target.used = 1;
  }
  PoolTarget& failing = app_.segment().pools[1].pools[pool].targets[0];
  failing.breaker = static_cast<uint32_t>(BreakerState::kOpen);
  failing.unavailable_since_ns = app_.tick().now_ns - 3 * PooledApp::kSecondNs;
  const PoolSample& row = Look();
  ASSERT_EQ(row.targets.size(), 1U);
  const TargetSample& target = row.targets[0];
  EXPECT_EQ(target.name, "db.example.org:3306");
  EXPECT_EQ(target.connections, 4U);
  EXPECT_EQ(target.breakers_open, 1U);
  EXPECT_DOUBLE_EQ(target.unavailable_seconds, 3);
  EXPECT_DOUBLE_EQ(target.connect_mean_seconds, 1);
  EXPECT_EQ(target.last_error, "OperationalError 2004") << "of the worker that cannot reach it";
}

TEST_F(PoolCollectorTest, AWorkerWithoutPoolsCostsNothingAndGarbageIsHeld) {
  app_.AddWorker();
  collector_.Collect(app_.tick(), &app_.sample());
  EXPECT_TRUE(app_.sample().pools.empty());
  const uint32_t pool = app_.AddPool("a");
  PoolStats& stats = app_.Use(0, pool);
  stats.active = UINT32_MAX;
  stats.idle = UINT32_MAX;
  stats.oldest_wait_since_ns = UINT64_MAX;
  EXPECT_EQ(Look().utilisation, 1);
  app_.segment().header.pool_count = UINT32_MAX;
  collector_.Collect(app_.tick(), &app_.sample());
}

}  // namespace
}  // namespace stirbar
