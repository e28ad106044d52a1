#include "supervisor/publish/connections_endpoint.h"

#include <gtest/gtest.h>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

constexpr uint64_t kMs = 1'000'000;

class FakeConnections : public ConnectionSource {
 public:
  std::vector<ConnectionSample> ReadConnections(const Sample& sample) override {
    ++reads;
    std::vector<ConnectionSample> connections = sample.connections;
    connections.front().stack = {{"leak", "/srv/app.py", 41}};
    connections.front().holder = HolderKind::kSession;
    return connections;
  }
  int reads = 0;
};

class ConnectionsEndpointTest : public testing::Test {
 protected:
  boost::json::object Get(uint64_t now_ms = 0) {
    const HttpResponse response = endpoint_.Answer(*snapshot_, (1000 + now_ms) * kMs);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.Header("Content-Type"), "application/json");
    EXPECT_EQ(response.Header("Cache-Control"), "no-store");
    return boost::json::parse(std::string(response.body)).as_object();
  }

  std::shared_ptr<Snapshot> snapshot_ = MakeTestSnapshot();
  FakeConnections connections_;
  ConnectionsEndpoint endpoint_{&connections_};
};

// What docs/openapi.yaml is tested against, too (tests/integration/test_http.py).
TEST_F(ConnectionsEndpointTest, IsWhatTheContractSays) {
  const boost::json::object contract =
      boost::json::parse(ReadTestData("connections.json")).as_object();
  const boost::json::object made = Get();
  ASSERT_EQ(made.size(), contract.size());
  for (const auto& [name, value] : contract) {
    EXPECT_EQ(boost::json::serialize(made.at(name)), boost::json::serialize(value)) << name;
  }
}

TEST_F(ConnectionsEndpointTest, WhatIsNotMeasuredIsNull) {
  PoolSample& pool = snapshot_->sample.pools[0];
  pool.capacity = 0;
  pool.max_overflow = UINT32_MAX;
  pool.lifetime_seconds = 0;
  snapshot_->sample.databases[0] = {};
  snapshot_->sample.databases[0].unavailable_since_wall = 1'795'450'800;
  const boost::json::object answer = Get();
  const auto& row = answer.at("pools").at(0).as_object();
  for (const char* name : {"capacity", "max_overflow", "utilisation", "lifetime_seconds"}) {
    EXPECT_TRUE(row.at(name).is_null()) << name;
  }
  const auto& server = answer.at("databases").at(0).as_object();
  for (const char* name : {"version", "connections", "max_connections", "is_replica",
                           "queries_per_second", "wait_timeout_seconds"}) {
    EXPECT_TRUE(server.at(name).is_null()) << name;
  }
  EXPECT_EQ(server.at("available"), false);
}

TEST_F(ConnectionsEndpointTest, AdviceOfARuleIsNotRepeated) {
  Evaluation& evaluation = snapshot_->evaluation;
  evaluation.assessment.recommendations.push_back(
      {Status::kCritical, "database", evaluation.connection_advice[0].text, "now"});
  const boost::json::object answer = Get();
  ASSERT_EQ(answer.at("advice").as_array().size(), 1U);
  EXPECT_EQ(answer.at("advice").at(0).at("severity").as_string(), "critical");
}

TEST_F(ConnectionsEndpointTest, RepeatsTheAnswerFor250Ms) {
  Get(0);
  Get(249);
  EXPECT_EQ(connections_.reads, 1);
  Get(250);
  EXPECT_EQ(connections_.reads, 2);
}

TEST_F(ConnectionsEndpointTest, WithoutASourceThereAreNoStacks) {
  ConnectionsEndpoint endpoint(nullptr);
  const HttpResponse response = endpoint.Answer(*snapshot_, kMs);
  const auto answer = boost::json::parse(std::string(response.body));
  EXPECT_TRUE(answer.at("connections").at(0).at("stack").as_array().empty());
}

}  // namespace
}  // namespace stirbar
