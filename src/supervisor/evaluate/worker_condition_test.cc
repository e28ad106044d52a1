#include "supervisor/evaluate/worker_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

WorkerVerdict JudgeLast(SampleBuilder& sample) {
  return JudgeWorker(sample->workers.back(), *sample);
}

TEST(WorkerCondition, IdleAndBusyAreHealthy) {
  SampleBuilder sample;
  sample.Worker();
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kIdle);
  sample.InFlight("/item", 0.02);
  const WorkerVerdict busy = JudgeLast(sample);
  EXPECT_EQ(busy.condition, WorkerCondition::kBusy);
  EXPECT_EQ(busy.status, Status::kHealthy);
  EXPECT_EQ(busy.reason, "1 request in flight, the oldest for 0.02 s");
}

TEST(WorkerCondition, LockHeldNamesDurationAndRoute) {
  SampleBuilder sample;
  sample.LockedWorker(3.2);
  sample.InFlight("/lock", 3.25);
  const WorkerVerdict verdict = JudgeLast(sample);
  EXPECT_EQ(verdict.condition, WorkerCondition::kLockHeld);
  EXPECT_EQ(verdict.status, Status::kCritical);
  EXPECT_TRUE(verdict.hung);
  EXPECT_DOUBLE_EQ(verdict.hung_seconds, 3.2);
  EXPECT_EQ(verdict.reason, "interpreter lock held for 3.2 s while GET /lock runs");
}

TEST(WorkerCondition, LockHeldNamesTheLikeliestOfSeveralRequestsFirst) {
  SampleBuilder sample;
  sample.LockedWorker(3.2);
  sample.InFlight("/database", 10).InFlight("/lock", 3.3).InFlight("/later", 1);
  EXPECT_THAT(JudgeLast(sample).reason, HasSubstr("while GET /lock and GET /database run"));
}

TEST(WorkerCondition, LockHeldOutsideAnyRequest) {
  SampleBuilder sample;
  sample.LockedWorker(1);
  EXPECT_THAT(JudgeLast(sample).reason, HasSubstr("by a thread outside any request"));
}

TEST(WorkerCondition, LockWaitBelowTheThresholdOnlyWarns) {
  SampleBuilder sample;
  sample.LockedWorker(0.3);
  const WorkerVerdict verdict = JudgeLast(sample);
  EXPECT_EQ(verdict.condition, WorkerCondition::kIdle);
  EXPECT_EQ(verdict.status, Status::kWarning);
  EXPECT_FALSE(verdict.hung);
}

TEST(WorkerCondition, NoLockHeldWhereTheLockCannotBeProbed) {
  SampleBuilder sample;
  sample.LockedWorker(100).lock_probe = LockProbe::kUnavailable;
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kIdle);
  EXPECT_EQ(JudgeLast(sample).status, Status::kHealthy);
}

TEST(WorkerCondition, StoppedWinsOverLockHeld) {
  SampleBuilder sample;
  sample.StoppedWorker(4).lock_wait_seconds = 60;
  const WorkerVerdict verdict = JudgeLast(sample);
  EXPECT_EQ(verdict.condition, WorkerCondition::kStopped);
  EXPECT_TRUE(verdict.hung);
  EXPECT_DOUBLE_EQ(verdict.hung_seconds, 4);
  EXPECT_EQ(verdict.reason, "stopped for 4.0 s (SIGSTOP)");
}

TEST(WorkerCondition, StopThatProcStillShowsAfterBeatsCameBackIsOver) {
  SampleBuilder sample;
  sample.StoppedWorker(0.05);
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kIdle);
}

TEST(WorkerCondition, WaitThatOnlyLastsBecauseNothingRunsIsNoHeldLock) {
  SampleBuilder sample;
  sample.LockedWorker(2.01).heartbeat_age_seconds = 2;
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kIdle);
  sample->workers[0].heartbeat_age_seconds = 3;
  sample->workers[0].lock_wait_seconds = 3.01;
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kSilent);
}

TEST(WorkerCondition, SilentSaysWhatExplainsIt) {
  SampleBuilder sample;
  WorkerSample& worker = sample.Worker();
  worker.heartbeat_age_seconds = 5;
  EXPECT_TRUE(JudgeLast(sample).hung);
  EXPECT_THAT(JudgeLast(sample).reason, HasSubstr("no sign of life for 5.0 s though state S"));
  sample->machine.pressure.cpu_some = 0.87;
  EXPECT_THAT(JudgeLast(sample).reason, HasSubstr("starved of CPU (CPU pressure 87 %)"));
  worker.process.state = 'D';
  EXPECT_THAT(JudgeLast(sample).reason, HasSubstr("state D"));
}

TEST(WorkerCondition, StuckIsNotHungAndNamesTheRoute) {
  SampleBuilder sample;
  sample.Worker();
  sample.InFlight("/slow", 7.3).InFlight("/item", 0.1);
  const WorkerVerdict verdict = JudgeLast(sample);
  EXPECT_EQ(verdict.condition, WorkerCondition::kStuck);
  EXPECT_EQ(verdict.status, Status::kWarning);
  EXPECT_FALSE(verdict.hung);
  EXPECT_EQ(verdict.reason, "GET /slow has run for 7.3 s, 2 requests in flight in all");
}

TEST(WorkerCondition, RequestBeforeRoutingHasAName) {
  SampleBuilder sample;
  sample.Worker();
  sample.InFlight("/x", 8);
  sample->in_flight[0].route = kRouteUnknown;
  EXPECT_EQ(JudgeLast(sample).reason, "a request not routed yet has run for 8.0 s");
}

TEST(WorkerCondition, DeadExitingAndStarting) {
  SampleBuilder sample;
  WorkerSample& worker = sample.Worker(WorkerState::kStarting);
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kStarting);
  EXPECT_EQ(JudgeLast(sample).status, Status::kHealthy);
  worker.age_seconds = 31;
  EXPECT_EQ(JudgeLast(sample).status, Status::kWarning);
  worker.state = WorkerState::kExiting;
  worker.heartbeat_age_seconds = 10;
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kExiting);
  EXPECT_FALSE(JudgeLast(sample).hung);
  worker.process.state = 'Z';
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kDead);
  worker.process.state = 'T';
  worker.alive = false;
  EXPECT_EQ(JudgeLast(sample).condition, WorkerCondition::kDead);
  EXPECT_EQ(JudgeLast(sample).status, Status::kHealthy);  // it had said goodbye
  worker.state = WorkerState::kServing;
  EXPECT_EQ(JudgeLast(sample).status, Status::kCritical);
}

}  // namespace
}  // namespace stirbar
