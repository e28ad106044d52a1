#include "supervisor/collect/leak_collector.h"

#include <gtest/gtest.h>

#include "supervisor/collect/pool_fixture.h"
#include "supervisor/collect/slow_query_collector.h"

namespace stirbar {
namespace {

class LeaksTest : public testing::Test {
 protected:
  // A record of what `connection` of the worker is at.
  LeakRecord& Record(const Connection& connection, LeakKind kind) {
    WorkerPools& pools = app_.segment().pools[slot_];
    const uint64_t number = pools.next_leak;
    LeakRecord& record = pools.leaks[number % kMaxLeaks];
    record.wall_ns = app_.tick().wall_ns;
    record.connection = connection.number;
    record.held_ns = app_.tick().now_ns - connection.since_ns;
    record.pool = pool_;
    record.route = route_;
    record.kind = static_cast<uint32_t>(kind);
    record.holder = static_cast<uint32_t>(HolderKind::kSession);
    record.reclaimed = 0;
    record.sequence = number + 1;
    pools.next_leak = number + 1;
    return record;
  }
  const std::vector<LeakSample>& Look() {
    app_.Pass(0.25, false);
    collector_.Collect(app_.tick(), &app_.sample());
    return app_.sample().leaks;
  }
  PooledApp app_;
  LeakCollector collector_{app_.segment()};
  const uint32_t pool_ = app_.AddPool("mysql://db.example.org/shop");
  const uint32_t route_ = app_.AddRoute("/leak");
  const uint32_t slot_ = app_.AddWorker();
};

TEST_F(LeaksTest, TheFirstOneIsShownAtOnce) {
  Record(app_.Hold(slot_, pool_, route_, 0.02), LeakKind::kConfirmed);
  ASSERT_EQ(Look().size(), 1U);
  const LeakSample& leak = Look()[0];
  EXPECT_EQ(leak.route_label, "GET /leak");
  EXPECT_EQ(leak.pool_name, "mysql://db.example.org/shop");
  EXPECT_EQ(leak.kind, LeakKind::kConfirmed);
  EXPECT_EQ(leak.holder, HolderKind::kSession);
  EXPECT_EQ(leak.count, 1U);
  EXPECT_EQ(leak.returned, 0U);
  EXPECT_NEAR(leak.held_seconds, 0.02, 1e-6);
  EXPECT_EQ(leak.first_wall_ns, leak.last_wall_ns);
}

TEST_F(LeaksTest, ASuspectOneCanBeConfirmed) {
  Connection& connection = app_.Hold(slot_, pool_, route_, 31);
  connection.leak = static_cast<uint32_t>(LeakKind::kSuspect);
  Record(connection, LeakKind::kSuspect);
  EXPECT_EQ(Look()[0].kind, LeakKind::kSuspect);
  connection.leak = static_cast<uint32_t>(LeakKind::kConfirmed);  // there is no second record
  EXPECT_EQ(Look()[0].kind, LeakKind::kConfirmed);
  EXPECT_EQ(Look()[0].count, 1U);
}

TEST_F(LeaksTest, WhatComesBackIsCountedOnce) {
  Connection& connection = app_.Hold(slot_, pool_, route_, 1);
  Record(connection, LeakKind::kConfirmed);
  EXPECT_EQ(Look()[0].returned, 0U);
  EXPECT_EQ(Look()[0].returned, 0U);
  connection.state = static_cast<uint32_t>(ConnectionState::kIdle);
  EXPECT_EQ(Look()[0].returned, 1U);
  EXPECT_EQ(Look()[0].returned, 1U);
}

TEST_F(LeaksTest, TakenOnceMoreByAnotherItHasComeBack) {
  Connection& connection = app_.Hold(slot_, pool_, route_, 1);
  Record(connection, LeakKind::kConfirmed);
  Look();
  Look();
  connection.since_ns = app_.tick().now_ns;
  EXPECT_EQ(Look()[0].returned, 1U);
}

TEST_F(LeaksTest, TakenOnceMoreBeforeTheFirstLookItHasComeBackToo) {
  Connection& connection = app_.Hold(slot_, pool_, route_, 1);
  Record(connection, LeakKind::kConfirmed);
  connection.since_ns = app_.tick().now_ns;
  Look();
  EXPECT_EQ(Look()[0].returned, 1U);
}

TEST_F(LeaksTest, ReclaimedAndCollectedOnesHaveNotComeBackByThemselves) {
  Connection& reclaimed = app_.Hold(slot_, pool_, route_, 1);
  LeakRecord& record = Record(reclaimed, LeakKind::kConfirmed);
  Connection& suspect = app_.Hold(slot_, pool_, route_, 31);
  suspect.leak = static_cast<uint32_t>(LeakKind::kSuspect);
  Record(suspect, LeakKind::kSuspect);
  Look();
  Look();
  record.reclaimed = 1;
  reclaimed.state = suspect.state = static_cast<uint32_t>(ConnectionState::kIdle);
  suspect.leak = static_cast<uint32_t>(LeakKind::kCollected);
  Look();
  Record(reclaimed, LeakKind::kCollected);
  ASSERT_EQ(Look().size(), 1U);
  EXPECT_EQ(Look()[0].kind, LeakKind::kCollected);
  EXPECT_EQ(Look()[0].count, 3U);
  EXPECT_EQ(Look()[0].reclaimed, 1U);
  EXPECT_EQ(Look()[0].returned, 0U);
}

TEST_F(LeaksTest, ThePlaceOutlivesItsWorker) {
  Record(app_.Hold(slot_, pool_, route_, 1), LeakKind::kConfirmed);
  Look();
  app_.Bury(0);
  app_.Pass(1);
  collector_.Collect(app_.tick(), &app_.sample());
  ASSERT_EQ(app_.sample().leaks.size(), 1U);
  EXPECT_EQ(app_.sample().leaks[0].returned, 0U) << "it went with its worker";
}

TEST_F(LeaksTest, KeepsFiftyPlaces) {
  for (uint32_t i = 0; i < 60; ++i) {
    const uint32_t route = app_.AddRoute("/leak/" + std::to_string(i));
    Record(app_.Hold(slot_, pool_, route, 1), LeakKind::kConfirmed).route = route;
    Look();
  }
  ASSERT_EQ(Look().size(), 50U);
  EXPECT_EQ(Look().back().route_label, "GET /leak/59");
}

TEST_F(LeaksTest, SlowQueriesAreKept) {
  SlowQueryCollector collector(app_.segment());
  WorkerPools& pools = app_.segment().pools[slot_];
  SlowQuery& query = pools.slow_queries[0];
  query.wall_ns = app_.tick().wall_ns;
  query.duration_ns = 3 * PooledApp::kSecondNs;
  query.pool = pool_;
  query.route = route_;
  std::snprintf(query.text, sizeof query.text, "SELECT SLEEP(?)");
  query.sequence = 1;
  pools.next_slow_query = 1;
  collector.Collect(app_.tick(), &app_.sample());
  collector.Collect(app_.tick(), &app_.sample());
  ASSERT_EQ(app_.sample().slow_queries.size(), 1U);
  const SlowQuerySample& row = app_.sample().slow_queries[0];
  EXPECT_EQ(row.text, "SELECT SLEEP(?)");
  EXPECT_EQ(row.route_label, "GET /leak");
  EXPECT_DOUBLE_EQ(row.seconds, 3);
}

}  // namespace
}  // namespace stirbar
