#include "supervisor/evaluate/pool_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "segment/pools.h"
#include "supervisor/evaluate/default_evaluator.h"
#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class PoolRulesTest : public testing::Test {
 protected:
  PoolRulesTest() {
    sample_.Worker();
    PoolSample pool;
    pool.name = "mysql://db.example.org/shop";
    pool.workers = 1;
    pool.size = 5;
    pool.max_overflow = 5;
    pool.capacity = 10;
    sample_->pools.push_back(pool);
  }
  PoolSample& pool() { return sample_->pools[0]; }
  // The finding of `rule` after the sample has been the same for `seconds` more.
  std::optional<Finding> After(double seconds, const std::string& rule) {
    std::optional<Finding> found;
    for (double end = now_ + seconds; now_ <= end; now_ += 0.25) {
      sample_.At(now_);
      newest_ = evaluator_->Evaluate(*sample_);
      found.reset();
      for (const Finding& finding : newest_.assessment.findings) {
        if (finding.rule == rule) found = finding;
      }
    }
    return found;
  }
  Status database() { return newest_.assessment.components.at("database"); }

  SampleBuilder sample_;
  std::unique_ptr<Evaluator> evaluator_ = MakeEvaluator();
  Evaluation newest_;
  double now_ = 0;
};

TEST_F(PoolRulesTest, AQuietPoolIsHealthy) {
  After(5, "");
  EXPECT_EQ(database(), Status::kHealthy);
  EXPECT_DOUBLE_EQ(newest_.resources.connection_pool_utilization, 0);
  sample_->pools.clear();
  After(5, "");
  EXPECT_FALSE(newest_.assessment.components.contains("database")) << "an app without one";
  EXPECT_TRUE(std::isnan(newest_.resources.connection_pool_utilization));
}

TEST_F(PoolRulesTest, AFullPoolWarnsAfterTwoSecondsAndStaysUntilItIsCalm) {
  pool().active = 9;
  pool().utilisation = 0.9;
  EXPECT_FALSE(After(1, "pool_utilization"));
  const auto finding = After(2, "pool_utilization");
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->severity, Status::kWarning);
  EXPECT_THAT(finding->message, HasSubstr("90 % of the connections of mysql://db.example.org"));
  EXPECT_EQ(database(), Status::kWarning);
  pool().utilisation = 0.87;
  EXPECT_TRUE(After(20, "pool_utilization")) << "within the band";
  pool().utilisation = 0.5;
  EXPECT_TRUE(After(4, "pool_utilization"));
  EXPECT_FALSE(After(2, "pool_utilization"));
}

TEST_F(PoolRulesTest, LongWaitsAreCritical) {
  pool().wait_recent[0] = 100;
  pool().wait_p95_seconds = 1.2;
  const auto finding = After(0, "pool_wait");
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->severity, Status::kCritical);
  EXPECT_DOUBLE_EQ(finding->value, 1.2);
  EXPECT_THAT(newest_.assessment.recommendations[0].text,
              HasSubstr("raise pool_size + max_overflow to 11 (now 5 + 5)"));
}

TEST_F(PoolRulesTest, WithFewCheckoutsTheOldestWaitCounts) {
  pool().wait_recent[0] = 3;
  pool().wait_p95_seconds = 7;
  EXPECT_FALSE(After(0, "pool_wait")) << "three checkouts say nothing";
  pool().waiting[0] = 1;
  pool().oldest_wait_seconds = 2;
  EXPECT_TRUE(After(0, "pool_wait"));
}

TEST_F(PoolRulesTest, ALeakIsNamedByRouteAndLine) {
  LeakSample leak;
  leak.count = 3;
  leak.kind = LeakKind::kSuspect;
  leak.route_label = "GET /leak";
  leak.stack = {{"leak", "/srv/app.py", 41}};
  leak.last_wall_ns = sample_->tick.wall_ns;
  sample_->leaks = {leak};
  EXPECT_FALSE(After(1, "connection_leaks")) << "a suspect one may only be slow";
  sample_->leaks[0].kind = LeakKind::kConfirmed;
  const auto finding = After(1, "connection_leaks");
  ASSERT_TRUE(finding);
  EXPECT_THAT(finding->message, HasSubstr("3 connections leaked by GET /leak at /srv/app.py:41"));
  EXPECT_FALSE(After(310, "connection_leaks")) << "old, and nothing is held";
  ConnectionSample connection;
  connection.state = ConnectionState::kActive;
  connection.leak = LeakKind::kConfirmed;
  sample_->connections = {connection};
  EXPECT_TRUE(After(1, "connection_leaks")) << "still held";
}

TEST_F(PoolRulesTest, ADatabaseOutOfReachIsCriticalAndALostFallbackIsNot) {
  TargetSample main;
  main.name = "db.example.org:3306";
  main.last_error = "OperationalError 2003";
  TargetSample standby;
  standby.name = "standby.example.org:3306";
  TargetSample replica;
  replica.name = "replica.example.org:3306";
  replica.readonly = true;
  pool().targets = {main, standby, replica};
  After(1, "");
  EXPECT_EQ(database(), Status::kHealthy);
  pool().targets[0].unavailable_seconds = 4;
  const auto warning = After(1, "database_target");
  ASSERT_TRUE(warning);
  EXPECT_EQ(warning->severity, Status::kWarning);
  EXPECT_THAT(warning->message, AllOf(HasSubstr("db.example.org:3306 cannot be reached for 4"),
                                      HasSubstr("OperationalError 2003")));
  EXPECT_FALSE(After(1, "database_unavailable"));
  pool().targets[1].breakers_open = 1;
  const auto critical = After(1, "database_unavailable");
  ASSERT_TRUE(critical) << "the replica cannot be written to";
  EXPECT_EQ(critical->severity, Status::kCritical);
  EXPECT_EQ(newest_.assessment.ready.status, Status::kHealthy) << "other routes are served";
}

TEST_F(PoolRulesTest, AServerThatDoesNotAnswerTheSupervisorIsAWarning) {
  DatabaseServerSample server;
  server.name = "db.example.org:3306";
  server.error = "Access denied";
  server.unavailable_since_wall = static_cast<double>(sample_->tick.wall_ns) * 1e-9 - 60;
  sample_->databases = {server};
  const auto finding = After(1, "database_target");
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->severity, Status::kWarning);
  EXPECT_THAT(finding->message, HasSubstr("has not answered the supervisor for"));
}

TEST_F(PoolRulesTest, RequestsThatWaitForAFullPoolAreAQueue) {
  sample_->traffic.capacity = 20;
  sample_->traffic.busy = 12;
  After(5, "");
  const double before = newest_.load.saturation;
  pool().utilisation = 1;
  pool().waiting[static_cast<size_t>(PoolLane::kTask)] = 9;
  pool().oldest_wait_seconds = 5;
  After(5, "");
  EXPECT_NEAR(newest_.load.saturation, before, 0.02) << "tasks are no load";
  pool().waiting[static_cast<size_t>(PoolLane::kRequest)] = 2;
  After(5, "");
  EXPECT_DOUBLE_EQ(newest_.load.predicted_wait_seconds, 5);
  EXPECT_NEAR(newest_.load.saturation, 0.5 + 0.5 * 5 / sample_->settings.request_deadline, 0.02);
  EXPECT_THAT(newest_.load.shed_reason, HasSubstr("2 requests wait for a connection (5.0 s)"));
}

}  // namespace
}  // namespace stirbar
