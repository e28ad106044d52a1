#include "supervisor/evaluate/recommendations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/metrics.h"
#include "supervisor/evaluate/rules.h"
#include "supervisor/evaluate/sample_builder.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<Recommendation> For(const std::vector<Finding>& findings, const Sample& sample) {
  std::vector<WorkerVerdict> verdicts;
  for (const WorkerSample& worker : sample.workers) {
    verdicts.push_back(JudgeWorker(worker, sample));
  }
  std::vector<RecentHost> hosts;
  for (const HostSample& host : sample.hosts) {
    hosts.push_back({host.name, host.totals.calls, host.totals.failures, host.totals.timeouts});
  }
  return Recommend(findings, {sample, ResourcesOf(sample), verdicts, {}, LoadVerdict{}, hosts});
}

Finding Found(const std::string& rule, std::optional<uint32_t> slot = std::nullopt) {
  Finding finding;
  finding.rule = rule;
  finding.slot = slot;
  finding.message = "figures of " + rule;
  return finding;
}

TEST(Recommendations, SameAdviceForTwoWorkersIsSaidOnce) {
  SampleBuilder sample;
  sample.LockedWorker(2);
  sample.InFlight("/lock", 2);
  sample.LockedWorker(2);
  sample.InFlight("/lock", 2);
  const auto advice = For({Found("lock_wait", 0), Found("lock_wait", 1)}, *sample);
  ASSERT_THAT(advice, SizeIs(1));
  EXPECT_EQ(advice[0].evidence, "figures of lock_wait; figures of lock_wait");
}

TEST(Recommendations, UnknownRulesAndGoneWorkersGetNone) {
  SampleBuilder sample;
  EXPECT_THAT(For({Found("users_own"), Found("lock_wait", 7), Found("heartbeat", 7),
                   Found("worker_stopped", 7), Found("stuck_request", 7), Found("error_rate"),
                   Found("no_worker_answers"), Found("accept_queue")},
                  *sample),
              SizeIs(0));
}

TEST(Recommendations, EveryBuiltInRuleHasAdvice) {
  SampleBuilder sample;
  sample->app_command = "gunicorn app:app";
  sample.Requests("/x", 100, 6, 50);
  HostSample& host = sample->hosts.emplace_back();
  host.name = "api.example:443";
  host.totals.calls = 20;
  host.totals.failures = 12;
  PoolSample& pool = sample->pools.emplace_back();
  pool.name = "mysql://db.example.org/shop";
  pool.targets.emplace_back().name = "db.example.org:3306";
  pool.targets[0].unavailable_seconds = 3;
  sample->leaks.emplace_back().kind = LeakKind::kConfirmed;
  sample.LockedWorker(2);
  sample.InFlight("/x", 6);
  sample->alerting.sinks.emplace_back().name = "pager";
  sample->history.exports.emplace_back().name = "collector";
  for (const Rule& rule : BuiltInRules()) {
    EXPECT_THAT(For({Found(rule.name, 0)}, *sample), SizeIs(1)) << rule.name;
  }
}

TEST(Recommendations, ServerWithoutMasterIsRestarted) {
  SampleBuilder sample;
  sample.LockedWorker(2).server_kind = ServerKind::kWaitress;
  EXPECT_THAT(For({Found("no_worker_answers")}, *sample)[0].text,
              HasSubstr("Restart the server (pid 4711)"));
}

TEST(Recommendations, QueueBehindHungWorkersAsksToFreeThem) {
  SampleBuilder sample;
  sample.LockedWorker(2);
  sample.Worker();
  EXPECT_THAT(For({Found("accept_queue")}, *sample)[0].text,
              HasSubstr("1 of 2 workers answers nobody"));
}

TEST(Recommendations, QueueOnFullCpusDoesNotAskForWorkers) {
  SampleBuilder sample;
  sample.Worker().process.cpu_ratio = 1.9;
  EXPECT_THAT(For({Found("accept_queue")}, *sample)[0].text, HasSubstr("would not help"));
}

TEST(Recommendations, OomKillsExplainDeaths) {
  SampleBuilder sample;
  sample->machine.cgroup.path = "/shop";
  sample->machine.cgroup.memory_events["oom_kill"] = 3;
  const auto advice = For({Found("worker_deaths")}, *sample);
  EXPECT_THAT(advice[0].text, HasSubstr("memory limit of cgroup /shop"));
  EXPECT_THAT(advice[0].evidence, HasSubstr("oom_kill 3"));
}

TEST(Recommendations, MemorySaysWhenCleanupIsOff) {
  SampleBuilder sample;
  sample->settings.cleanup_enabled = 0;
  sample->machine.cgroup.memory_limit_bytes = 100'000'000;
  sample.Worker();
  EXPECT_THAT(For({Found("memory")}, *sample)[0].text,
              AllOf(HasSubstr("worker 0 (pid 4711)"), HasSubstr("cleanup_enabled to true")));
}

}  // namespace
}  // namespace stirbar
