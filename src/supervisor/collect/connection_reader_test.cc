#include "supervisor/collect/connection_reader.h"

#include <gtest/gtest.h>

#include <cmath>

#include "supervisor/collect/connection_collector.h"
#include "supervisor/collect/pool_collector.h"
#include "supervisor/collect/pool_fixture.h"

namespace stirbar {
namespace {

class ConnectionsTest : public testing::Test {
 protected:
  const std::vector<ConnectionSample>& Look() {
    pools_.Collect(app_.tick(), &app_.sample());
    collector_.Collect(app_.tick(), &app_.sample());
    return app_.sample().connections;
  }

  PooledApp app_;
  PoolCollector pools_{app_.segment()};
  ConnectionCollector collector_{app_.segment()};
  const uint32_t pool_ = app_.AddPool("mysql://db.example.org/shop");
  const uint32_t route_ = app_.AddRoute("/item");
  const uint32_t slot_ = app_.AddWorker();
};

TEST_F(ConnectionsTest, HeldOnesComeFirstLongestFirst) {
  app_.Use(slot_, pool_);
  Connection& idle = app_.Hold(slot_, pool_, route_, 50);
  idle.state = static_cast<uint32_t>(ConnectionState::kIdle);
  app_.Hold(slot_, pool_, route_, 1);
  Connection& longest = app_.Hold(slot_, pool_, route_, 9);
  longest.statements = 4;
  longest.transaction_since_ns = app_.tick().now_ns - 8 * PooledApp::kSecondNs;
  const auto& connections = Look();
  ASSERT_EQ(connections.size(), 3U);
  EXPECT_DOUBLE_EQ(connections[0].state_seconds, 9);
  EXPECT_DOUBLE_EQ(connections[0].transaction_seconds, 8);
  EXPECT_EQ(connections[0].statements, 4U);
  EXPECT_EQ(connections[0].route_label, "GET /item");
  EXPECT_EQ(connections[0].pool_name, "mysql://db.example.org/shop");
  EXPECT_EQ(connections[0].pid, 4711U);
  EXPECT_DOUBLE_EQ(connections[0].age_seconds, 60);
  EXPECT_DOUBLE_EQ(connections[1].state_seconds, 1);
  EXPECT_TRUE(std::isnan(connections[1].transaction_seconds));
  EXPECT_EQ(connections[2].state, ConnectionState::kIdle);
  EXPECT_EQ(connections[2].route_label, "") << "nobody has it";
}

TEST_F(ConnectionsTest, CountsWhatOneRequestHoldsAtOnce) {
  app_.Use(slot_, pool_);
  Connection& first = app_.Hold(slot_, pool_, route_, 2);
  Connection& second = app_.Hold(slot_, pool_, route_, 1);
  first.in_flight = second.in_flight = 7;
  Look();
  EXPECT_EQ(app_.sample().pools[0].held_at_once, 1U) << "two requests";
  second.request_started_ns = first.request_started_ns.load();
  Look();
  EXPECT_EQ(app_.sample().pools[0].held_at_once, 2U);
  first.leak = static_cast<uint32_t>(LeakKind::kConfirmed);
  second.state = 0;
  app_.Pass(0.25, false);
  Look();
  EXPECT_EQ(app_.sample().pools[0].held_at_once, 2U) << "remembered";
}

TEST_F(ConnectionsTest, TornOnesAndThoseOfTheDeadAreLeftOut) {
  app_.Use(slot_, pool_);
  Connection& connection = app_.Hold(slot_, pool_, route_, 2);
  connection.sequence = 3;
  EXPECT_TRUE(Look().empty());
  connection.sequence = 4;
  EXPECT_EQ(Look().size(), 1U);
  app_.Bury(0);
  EXPECT_TRUE(Look().empty());
}

TEST_F(ConnectionsTest, ShowsAThousandAtMost) {
  for (int worker = 0; worker < 5; ++worker) {
    const uint32_t slot = worker == 0 ? slot_ : app_.AddWorker();
    app_.Use(slot, pool_);
    for (Connection& connection : app_.segment().pools[slot].connections) {
      connection.state = static_cast<uint32_t>(ConnectionState::kActive);
      connection.since_ns = app_.tick().now_ns - PooledApp::kSecondNs;
    }
  }
  app_.segment().pools[slot_].connections[200].since_ns = 1;
  EXPECT_EQ(Look().size(), kConnectionsShown);
  EXPECT_EQ(Look()[0].slot, slot_);
}

TEST_F(ConnectionsTest, WithoutAReadableInterpreterThereAreNoStacks) {
  app_.Use(slot_, pool_);
  app_.Hold(slot_, pool_, route_, 2).stack[0].code = 0x1234;
  ConnectionReader reader(app_.segment());
  const auto connections = reader.ReadConnections(app_.sample());
  ASSERT_EQ(connections.size(), 1U);
  EXPECT_TRUE(connections[0].stack.empty());
}

}  // namespace
}  // namespace stirbar
