#include "supervisor/evaluate/default_evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class EvaluatorTest : public testing::Test {
 protected:
  Assessment Judge(double seconds) {
    sample_.At(seconds);
    return evaluator_->Evaluate(*sample_).assessment;
  }
  // Judges once a second in [from, to) and returns the last.
  Assessment JudgeEverySecond(int from, int to) {
    Assessment last;
    for (int second = from; second < to; ++second) last = Judge(second);
    return last;
  }
  static std::vector<std::string> RulesOf(const Assessment& assessment) {
    std::vector<std::string> rules;
    for (const Finding& finding : assessment.findings) rules.push_back(finding.rule);
    return rules;
  }

  SampleBuilder sample_;
  std::unique_ptr<Evaluator> evaluator_ = MakeEvaluator();
};

TEST_F(EvaluatorTest, HealthyAppHasNoFindingAndAllComponents) {
  sample_.Worker();
  sample_.Requests("/", 100, 0.01);
  const Assessment assessment = Judge(0);
  EXPECT_EQ(assessment.status, Status::kHealthy);
  EXPECT_THAT(assessment.findings, IsEmpty());
  EXPECT_THAT(assessment.recommendations, IsEmpty());
  EXPECT_THAT(assessment.components,
              ElementsAre(Pair("cpu", Status::kHealthy), Pair("disk", Status::kHealthy),
                          Pair("memory", Status::kHealthy), Pair("queue", Status::kHealthy),
                          Pair("requests", Status::kHealthy), Pair("workers", Status::kHealthy)));
}

TEST_F(EvaluatorTest, HeldLockIsOneFindingAtOnceWithAdvice) {
  sample_.Worker();
  sample_.LockedWorker(3.2);
  sample_.InFlight("/lock", 6);  // stuck as well, but that has the same cause
  const Assessment assessment = Judge(0);
  EXPECT_EQ(assessment.status, Status::kCritical);
  EXPECT_THAT(assessment.reasons,
              ElementsAre("worker 1 (pid 4712): interpreter lock held for 3.2 s while GET /lock "
                          "runs"));
  EXPECT_EQ(assessment.findings[0].rule, "lock_wait");
  EXPECT_EQ(assessment.findings[0].slot, 1U);
  EXPECT_DOUBLE_EQ(assessment.findings[0].threshold, 0.5);
  EXPECT_EQ(assessment.component_reasons.at("workers"), "1 of 2 workers is hung");
  ASSERT_THAT(assessment.recommendations, SizeIs(1));
  EXPECT_THAT(assessment.recommendations[0].text, HasSubstr("GET /lock keeps the interpreter"));
  EXPECT_THAT(assessment.recommendations[0].evidence, HasSubstr("worker 1 (pid 4712)"));
}

TEST_F(EvaluatorTest, AllWorkersHungComesFirst) {
  sample_.LockedWorker(2);
  sample_.LockedWorker(3);
  const Assessment assessment = Judge(0);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("no_worker_answers", "lock_wait", "lock_wait"));
  EXPECT_EQ(assessment.reasons[0], "no worker has answered for 2.0 s: all 2 are hung");
  EXPECT_EQ(assessment.ready.status, Status::kCritical);
  EXPECT_THAT(assessment.recommendations[0].text, HasSubstr("`kill -KILL 4711 4712`"));
}

TEST_F(EvaluatorTest, StoppedWorkerIsNotAlsoSilent) {
  sample_.StoppedWorker(30).lock_wait_seconds = 30;
  sample_.Worker();
  EXPECT_THAT(RulesOf(JudgeEverySecond(0, 5)), ElementsAre("worker_stopped"));
  EXPECT_THAT(Judge(5).recommendations[0].text, HasSubstr("`kill -CONT 4711`"));
}

TEST_F(EvaluatorTest, FindingOutlivesItsCauseByFiveSecondsButReadyDoesNot) {
  sample_.LockedWorker(3);
  Judge(0);
  sample_->workers[0].lock_wait_seconds = 0;
  const Assessment free = Judge(1);
  EXPECT_EQ(free.ready.status, Status::kHealthy);
  EXPECT_EQ(free.status, Status::kCritical);
  EXPECT_THAT(Judge(3).reasons[0], HasSubstr("over for 2.0 s"));
  EXPECT_EQ(Judge(6).status, Status::kHealthy);
}

TEST_F(EvaluatorTest, FindingsOfAWorkerGoWithItsIncarnation) {
  sample_.LockedWorker(3);
  EXPECT_THAT(Judge(0).findings, SizeIs(2));
  sample_->workers[0].lock_wait_seconds = 0;
  sample_->workers[0].incarnation = 999;
  EXPECT_THAT(RulesOf(Judge(0.1)), ElementsAre("no_worker_answers"));
}

TEST_F(EvaluatorTest, SilenceIsAFindingOnceSeenForThreeTicks) {
  sample_.Worker().heartbeat_age_seconds = 4;
  sample_.Worker();
  EXPECT_THAT(Judge(0).findings, IsEmpty());
  EXPECT_THAT(Judge(0.1).findings, IsEmpty());
  const Assessment assessment = Judge(0.2);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("heartbeat"));
  EXPECT_EQ(assessment.status, Status::kCritical);
}

TEST_F(EvaluatorTest, MemoryWarningAndCriticalNameTheLargestWorker) {
  sample_.Worker();
  sample_.Worker().process.rss_bytes = 8'000'000'000;
  sample_.MemoryUsed(0.85);
  EXPECT_EQ(Judge(0).components.at("memory"), Status::kWarning);
  sample_.MemoryUsed(0.92);
  const Assessment assessment = Judge(1);
  EXPECT_EQ(assessment.components.at("memory"), Status::kCritical);
  EXPECT_EQ(assessment.reasons[0], "memory 92 % used: 9.2 GB of 10.0 GB (machine)");
  EXPECT_THAT(assessment.recommendations[0].text, HasSubstr("`kill -TERM 4712`"));
  EXPECT_THAT(assessment.recommendations[0].evidence, HasSubstr("it has 8.0 GB of the app's"));
}

TEST_F(EvaluatorTest, MemoryOfOthersIsSaidToBeTheirs) {
  sample_.Worker();
  sample_.MemoryUsed(0.85);
  EXPECT_THAT(Judge(0).recommendations[0].text, HasSubstr("it is not this app"));
}

TEST_F(EvaluatorTest, CpuWarnsAfterThirtySecondsAndIsCriticalAfterFiveMinutes) {
  sample_.Worker().process.cpu_ratio = 1.9;
  sample_.Requests("/report", 100, 1).Requests("/", 100, 0.01);
  EXPECT_EQ(JudgeEverySecond(0, 30).status, Status::kHealthy);
  EXPECT_EQ(JudgeEverySecond(30, 300).status, Status::kWarning);
  const Assessment assessment = Judge(300);
  EXPECT_EQ(assessment.status, Status::kCritical);
  EXPECT_EQ(assessment.reasons[0], "CPU 95 % used: 1.9 of 2 CPUs");
  EXPECT_THAT(assessment.recommendations[0].text, HasSubstr("Make GET /report cheaper"));
}

TEST_F(EvaluatorTest, AcceptQueueAsksForWorkersByUtilisation) {
  sample_.Worker();
  sample_.InFlight("/report", 0.1);
  sample_.Worker();
  sample_.InFlight("/report", 0.1);
  sample_.Requests("/report", 600, 0.19);
  sample_->listeners[0].depth = 25;
  EXPECT_THAT(JudgeEverySecond(0, 2).findings, IsEmpty());
  const Assessment assessment = Judge(2);
  EXPECT_EQ(assessment.components.at("queue"), Status::kWarning);
  EXPECT_EQ(assessment.reasons[0],
            "25 connections not accepted yet on 127.0.0.1:8000 (backlog 2048)");
  EXPECT_THAT(assessment.recommendations[0].text,
              HasSubstr("Run 3 workers instead of 2 (`gunicorn -w 3`; `kill -TTIN 4710`"));
  EXPECT_THAT(assessment.recommendations[0].evidence, HasSubstr("GET /report takes 100 %"));
}

TEST_F(EvaluatorTest, ErrorRateNeedsTwentyRequests) {
  sample_.Worker();
  sample_.Requests("/broken", 19, 0.01, 19);
  EXPECT_THAT(Judge(0).findings, IsEmpty());
  sample_.Requests("/", 81, 0.01);
  const Assessment assessment = Judge(1);
  EXPECT_EQ(assessment.components.at("requests"), Status::kWarning);
  EXPECT_THAT(assessment.recommendations[0].evidence, HasSubstr("GET /broken failed 19 of 19"));
}

TEST_F(EvaluatorTest, StuckAndSlowRequestsNameTheRoute) {
  sample_.Worker();
  sample_.InFlight("/slow", 7);
  sample_.Requests("/slow", 50, 6);
  const Assessment assessment = Judge(0);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("stuck_request", "slow_requests"));
  EXPECT_EQ(assessment.reasons[0], "worker 0 (pid 4711): GET /slow has run for 7.0 s");
  EXPECT_EQ(assessment.status, Status::kWarning);
}

TEST_F(EvaluatorTest, ARequestPastItsOwnLimitIsStuckHoweverShortThatIs) {
  sample_.Worker();
  sample_.InFlight("/quick", 2.5);
  sample_.InFlight("/slow", 4);
  sample_->in_flight[0].limit_seconds = 2;
  const Assessment assessment = Judge(0);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("stuck_request"));
  EXPECT_EQ(assessment.reasons[0],
            "worker 0 (pid 4711): GET /quick has run for 2.5 s, its limit is 2.0 s");
}

TEST_F(EvaluatorTest, SaturationNeedsFiveSecondsAndAsksForWorkers) {
  sample_.Worker();
  sample_.InFlight("/report", 0.1);
  sample_.Requests("/report", 600, 0.1);
  sample_->traffic.capacity = sample_->traffic.busy = 1;
  sample_->traffic.waiting = 200;
  sample_->traffic.served_per_second = 10;
  EXPECT_THAT(JudgeEverySecond(0, 5).findings, IsEmpty());
  const Assessment assessment = Judge(5);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("saturation"));
  EXPECT_EQ(assessment.components.at("queue"), Status::kCritical);
  EXPECT_EQ(assessment.reasons[0],
            "saturation 1.00: the request slot busy, 200 requests wait; who comes now waits 20 s "
            "of 10 s (request_deadline)");
  EXPECT_THAT(assessment.recommendations[0].text, HasSubstr("Run 2 workers instead of 1"));
}

TEST_F(EvaluatorTest, QueueTimeNeedsTwentyRequests) {
  sample_.Worker();
  HistogramCounts& recent = sample_->traffic.queue_recent;
  recent[HistogramBucket(3'000'000'000)] = 19;
  sample_->traffic.queue_p95_seconds = sample_->traffic.queue_max_seconds = 3;
  EXPECT_THAT(Judge(0).findings, IsEmpty());
  recent[HistogramBucket(3'000'000'000)] = 20;
  const Assessment assessment = Judge(1);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("queue_time"));
  EXPECT_EQ(assessment.status, Status::kCritical);
}

TEST_F(EvaluatorTest, AHostWhoseCallsFailIsNamed) {
  sample_.Worker();
  HostSample host;
  host.name = "api.example:443";
  host.totals.calls = 1'000;
  host.totals.failures = 900;  // before our time
  sample_->hosts = {host};
  EXPECT_THAT(Judge(0).findings, IsEmpty());
  sample_->hosts[0].totals.calls += 9;
  sample_->hosts[0].totals.failures += 9;
  EXPECT_THAT(Judge(1).findings, IsEmpty());  // too few
  sample_->hosts[0].totals.calls += 3;
  sample_->hosts[0].totals.timeouts += 4;
  const Assessment assessment = Judge(2);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("outgoing"));
  EXPECT_EQ(assessment.reasons[0],
            "75 % of the calls to api.example:443 failed: 9 of 12 in the last minute, 4 time-outs "
            "among them");
  EXPECT_THAT(JudgeEverySecond(3, 90).findings, IsEmpty());
}

TEST_F(EvaluatorTest, DeathsAndOverflowOfTheLastMinute) {
  sample_.Worker();
  sample_->totals.workers_died = 3;  // before our time
  EXPECT_THAT(Judge(0).findings, IsEmpty());
  sample_->totals.workers_died = 4;
  sample_->totals.lost = 1;
  sample_->totals.in_flight_overflow = 2;
  const Assessment assessment = Judge(1);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("worker_deaths", "in_flight_overflow"));
  EXPECT_EQ(assessment.reasons[0], "1 worker died in the last minute, 1 request lost");
  EXPECT_EQ(JudgeEverySecond(2, 70).status, Status::kHealthy);
}

TEST_F(EvaluatorTest, DiskAndServer) {
  sample_.Worker();
  sample_->machine.disk_available_bytes = 2'000'000'000;
  sample_->server_alive = false;
  sample_->app_command = "gunicorn app:app";
  const Assessment assessment = Judge(0);
  EXPECT_THAT(RulesOf(assessment), ElementsAre("server", "disk"));
  EXPECT_THAT(assessment.reasons, Contains(HasSubstr("98 % full, 2.0 GB left")));
  EXPECT_THAT(assessment.recommendations,
              Contains(Field(&Recommendation::text, HasSubstr("stirbar run -- gunicorn app:app"))));
}

TEST_F(EvaluatorTest, EmptySampleIsHarmless) {
  *sample_ = Sample{};
  const Evaluation evaluation = evaluator_->Evaluate(*sample_);
  EXPECT_EQ(evaluation.assessment.status, Status::kHealthy);
  EXPECT_EQ(evaluation.assessment.startup.status, Status::kCritical);
}

}  // namespace
}  // namespace stirbar
