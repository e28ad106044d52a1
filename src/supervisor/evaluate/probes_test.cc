#include "supervisor/evaluate/probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/sample_builder.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

constexpr Presence kLong{.watched_seconds = 1000, .without_worker_seconds = 0};

std::vector<WorkerVerdict> Verdicts(const Sample& sample) {
  std::vector<WorkerVerdict> verdicts;
  for (const WorkerSample& worker : sample.workers) {
    verdicts.push_back(JudgeWorker(worker, sample));
  }
  return verdicts;
}
ProbeAnswer ReadyOf(const Sample& sample) { return Ready(sample, Verdicts(sample), kLong); }
ProbeAnswer LiveOf(const Sample& sample, Presence presence = kLong) {
  return Live(sample, Verdicts(sample), presence);
}

TEST(Probes, StartedOnceAWorkerServes) {
  SampleBuilder sample;
  sample.Worker(WorkerState::kStarting);
  EXPECT_EQ(Startup(*sample, kLong).status, Status::kCritical);
  EXPECT_EQ(Startup(*sample, kLong).reason, "no worker serves yet, 1 worker starting");
  EXPECT_EQ(ReadyOf(*sample).status, Status::kCritical);
  sample->workers[0].state = WorkerState::kServing;
  EXPECT_EQ(Startup(*sample, kLong).status, Status::kHealthy);
}

TEST(Probes, ReadyBeforeAnyRequest) {
  SampleBuilder sample;
  sample.Worker();
  sample->recent.last_completion_age_seconds = 1000;
  EXPECT_EQ(ReadyOf(*sample).status, Status::kHealthy);
  EXPECT_EQ(ReadyOf(*sample).reason, "");
}

TEST(Probes, ServerWithoutProbeIsStartedOnceItListens) {
  SampleBuilder sample;
  const Presence early{.watched_seconds = 1, .without_worker_seconds = 1};
  const Presence late{.watched_seconds = 50, .without_worker_seconds = 50};
  EXPECT_EQ(Startup(*sample, early).status, Status::kCritical);  // the workers may still import
  EXPECT_EQ(Startup(*sample, late).status, Status::kHealthy);
  EXPECT_EQ(Ready(*sample, {}, late).status, Status::kHealthy);
  EXPECT_EQ(Live(*sample, {}, late).status, Status::kHealthy);
  sample->listeners.clear();
  EXPECT_EQ(Startup(*sample, late).status, Status::kCritical);
}

TEST(Probes, WarnsWhileSomeWorkersHang) {
  SampleBuilder sample;
  sample.Worker();
  sample.LockedWorker(3.2);
  sample.InFlight("/lock", 3.2);
  const ProbeAnswer ready = ReadyOf(*sample);
  EXPECT_EQ(ready.status, Status::kWarning);
  EXPECT_EQ(ready.reason,
            "1 of 2 workers answers; worker 1 (pid 4712): interpreter lock held for 3.2 s while "
            "GET /lock runs");
}

TEST(Probes, NotReadyWhenEveryWorkerHangs) {
  SampleBuilder sample;
  sample.LockedWorker(3.2);
  sample.StoppedWorker(9);
  EXPECT_EQ(ReadyOf(*sample).status, Status::kCritical);
  EXPECT_THAT(ReadyOf(*sample).reason, HasSubstr("none of 2 workers answers; worker 0 (pid 4711)"));
  EXPECT_EQ(LiveOf(*sample).status, Status::kHealthy);  // only past hang_limit
}

TEST(Probes, NotReadyWhenNothingGetsDone) {
  SampleBuilder sample;
  sample.Worker();
  sample.InFlight("/slow", 30);
  sample->recent.last_completion_age_seconds = 30;
  EXPECT_EQ(ReadyOf(*sample).status, Status::kHealthy);  // nobody waits
  sample->listeners[0].depth = 1;
  EXPECT_EQ(ReadyOf(*sample).status, Status::kCritical);
  EXPECT_THAT(ReadyOf(*sample).reason, HasSubstr("for 30 s while 1 connection waits"));
  sample->recent.last_completion_age_seconds = 1;  // another thread of it answers
  EXPECT_EQ(ReadyOf(*sample).status, Status::kHealthy);
}

TEST(Probes, NotReadyWithoutWorkers) {
  SampleBuilder sample;
  sample.Worker().alive = false;
  sample->totals.requests = 5;
  EXPECT_EQ(ReadyOf(*sample).status, Status::kCritical);
  sample->workers.clear();
  EXPECT_EQ(ReadyOf(*sample).reason, "no worker process");
  EXPECT_EQ(LiveOf(*sample, {1000, 29}).status, Status::kHealthy);
  EXPECT_EQ(LiveOf(*sample, {1000, 31}).reason, "no worker process for 31 s");
}

TEST(Probes, NotLiveWhenAllHaveBeenHungForHangLimit) {
  SampleBuilder sample;
  sample.LockedWorker(61);
  sample.LockedWorker(59);
  EXPECT_EQ(LiveOf(*sample).status, Status::kHealthy);
  sample->workers[1].lock_wait_seconds = 60.5;
  EXPECT_EQ(LiveOf(*sample).status, Status::kCritical);
  sample.Worker();
  EXPECT_EQ(LiveOf(*sample).status, Status::kHealthy);
}

TEST(Probes, NothingPassesOnceTheServerHasEnded) {
  SampleBuilder sample;
  sample.Worker();
  sample->server_alive = false;
  EXPECT_EQ(ReadyOf(*sample).status, Status::kCritical);
  EXPECT_EQ(LiveOf(*sample).reason, "the server process (pid 4710) has ended");
}

}  // namespace
}  // namespace stirbar
