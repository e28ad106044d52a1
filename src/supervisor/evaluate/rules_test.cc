// What holds for every built-in rule.
#include "supervisor/evaluate/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "supervisor/evaluate/default_evaluator.h"
#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Tick At(double seconds) {
  const auto now = static_cast<uint64_t>(1e12 + seconds * 1e9);
  return {.now_ns = now, .wall_ns = now, .full = true};
}

std::vector<RuleLevel> LevelsOf(const Rule& rule) {
  std::vector<RuleLevel> levels;
  if (rule.warning) levels.push_back(*rule.warning);
  if (rule.critical) levels.push_back(*rule.critical);
  return levels;
}

// How often `signal` fires a level in `seconds`, at 4 Hz.
template <typename Signal>
int Findings(const Bounds& bounds, double seconds, Signal signal) {
  LevelState state;
  int findings = 0;
  for (double second = 0; second < seconds; second += 0.25) {
    const LevelState next = Next(state, bounds, signal(second), At(second));
    if (state.state != RuleState::kFiring && next.state == RuleState::kFiring) ++findings;
    state = next;
  }
  return findings;
}

TEST(BuiltInRules, HaveNamesSummariesAndSomethingToMeasure) {
  std::set<std::string> names;
  for (const Rule& rule : BuiltInRules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.summary.empty()) << rule.name;
    EXPECT_NE(rule.expression.has_value(), static_cast<bool>(rule.metric)) << rule.name;
    EXPECT_FALSE(UnknownPlace(rule.summary, rule.scope).has_value()) << rule.name;
    EXPECT_FALSE(LevelsOf(rule).empty()) << rule.name;
    if (rule.expression) {
      EXPECT_EQ(rule.expression->unit(), rule.unit) << rule.name;
    }
  }
}

// A signal that hovers at the threshold for half an hour, with noise from a tenth of the band to
// all of it, makes one finding, of every rule and level.
TEST(BuiltInRules, NoneFlapsOnASignalThatHoversAtItsThreshold) {
  const Settings settings;
  for (const Rule& rule : BuiltInRules()) {
    for (const RuleLevel& level : LevelsOf(rule)) {
      const Bounds bounds = BoundsOf(level, rule.unit, settings);
      const double band = std::fabs(bounds.enter - bounds.leave);
      if (band == 0) continue;  // entered at 0: there is no noise below it
      for (unsigned seed = 0; seed < 10; seed += 3) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<double> noise(-band * (seed + 1) / 10.5,
                                                     band * (seed + 1) / 10.5);
        const int findings =
            Findings(bounds, 900, [&](double) { return bounds.enter + noise(random); });
        EXPECT_LE(findings, 1) << rule.name << " seed " << seed;
      }
    }
  }
}

// And one that jumps across the whole band, faster than leave_for, makes one too.
TEST(BuiltInRules, NoneFlapsOnFastSwings) {
  const Settings settings;
  for (const Rule& rule : BuiltInRules()) {
    for (const RuleLevel& level : LevelsOf(rule)) {
      const Bounds bounds = BoundsOf(level, rule.unit, settings);
      const bool low = bounds.leave > bounds.enter;
      const double bad = low ? bounds.enter - 1 : bounds.enter + 1;
      const double good = low ? bounds.leave + 1 : bounds.leave - 1;
      const double half = Seconds(bounds.leave_for) * 0.8;
      EXPECT_LE(Findings(bounds, 1800,
                         [&](double second) {
                           return static_cast<int>(second / half) % 2 == 0 ? bad : good;
                         }),
                1)
          << rule.name;
    }
  }
}

// Each fires when its figure is bad for its for-duration, and resolves when it is good.
TEST(BuiltInRules, EachFiresAndResolves) {
  const Settings settings;
  for (const Rule& rule : BuiltInRules()) {
    for (const RuleLevel& level : LevelsOf(rule)) {
      const Bounds bounds = BoundsOf(level, rule.unit, settings);
      const double good = bounds.leave > bounds.enter ? bounds.leave + 1 : bounds.leave - 1;
      LevelState state;
      const double needed = Seconds(bounds.enter_for);
      double last = 0;
      for (double second = 0; last < needed || second == 0; second += 0.25) {
        EXPECT_NE(state.state, RuleState::kFiring) << rule.name;
        state = Next(state, bounds, bounds.enter, At(second));
        last = second;
      }
      EXPECT_EQ(state.state, RuleState::kFiring) << rule.name;
      for (double second = 0.25; second <= Seconds(bounds.leave_for) + 0.25; second += 0.25) {
        state = Next(state, bounds, good, At(last + second));
      }
      EXPECT_EQ(state.state, RuleState::kInactive) << rule.name;
    }
  }
}

TEST(BuiltInRules, LowValuesAreWatchedWhereLeaveLiesAboveEnter) {
  const Bounds bounds{.enter = 0.5, .leave = 0.6, .leave_for = std::chrono::seconds(5)};
  LevelState state = Next({}, bounds, 0.51, At(0));
  EXPECT_EQ(state.state, RuleState::kInactive);
  state = Next(state, bounds, 0.5, At(1));
  EXPECT_EQ(state.state, RuleState::kFiring);
  state = Next(state, bounds, 0.6, At(2));
  state = Next(state, bounds, 0.6, At(20));
  EXPECT_EQ(state.state, RuleState::kFiring);
  state = Next(state, bounds, 0.7, At(21));
  EXPECT_EQ(Next(state, bounds, 0.7, At(26)).state, RuleState::kInactive);
}

TEST(BuiltInRules, NegativeThresholdsAreLeftBelow) {
  EXPECT_LT(LeaveThreshold(Unit::kCount, -10), -10);
  EXPECT_LT(LeaveThreshold(Unit::kRatio, -0.5), -0.5);
}

// ------------------------------------------------------------------- through the whole evaluator

TEST(EvaluatorRules, EnteredButNotLongEnoughIsPending) {
  SampleBuilder sample;
  sample.Worker().process.cpu_ratio = 1.9;
  const auto evaluator = MakeEvaluator();
  const auto judge = [&](double second) {
    sample.At(second);
    return evaluator->Evaluate(*sample);
  };
  Evaluation newest = judge(0);
  ASSERT_THAT(newest.assessment.pending, SizeIs(1));
  EXPECT_EQ(newest.assessment.pending[0].rule, "cpu");
  EXPECT_EQ(newest.assessment.pending[0].severity, Status::kCritical);
  EXPECT_THAT(newest.assessment.pending[0].message, HasSubstr("CPU 95 % used"));
  EXPECT_EQ(newest.assessment.status, Status::kHealthy);
  for (int second = 1; second <= 31; ++second) newest = judge(second);
  ASSERT_THAT(newest.assessment.findings, SizeIs(1));  // a warning after 30 s,
  EXPECT_EQ(newest.assessment.findings[0].severity, Status::kWarning);
  ASSERT_THAT(newest.assessment.pending, SizeIs(1));  // the critical level waits for 5 min
  for (int second = 32; second <= 301; ++second) newest = judge(second);
  EXPECT_EQ(newest.assessment.findings[0].severity, Status::kCritical);
  EXPECT_THAT(newest.assessment.pending, SizeIs(0));
}

TEST(EvaluatorRules, OwnRulesJudgeAppAndWorkers) {
  EvaluatorOptions options;
  Rule busy{.name = "too_many", .component = "shop", .unit = Unit::kCount};
  busy.warning = RuleLevel{.enter = 2.0};
  busy.expression = BuiltInExpression("in_flight");
  busy.summary = "{value} in flight at {cpu_ratio} CPU, from {threshold}";
  busy.advice = "Add workers: {value} in flight.";
  busy.origin = RuleOrigin::kOwn;
  Rule big{
      .name = "big_worker", .component = "shop", .scope = RuleScope::kWorker, .unit = Unit::kBytes};
  big.critical = RuleLevel{.enter = 100e6};
  big.expression = BuiltInExpression("worker_memory_bytes", RuleScope::kWorker);
  big.summary = "has {value}";
  options.rules = {busy, big};
  const auto evaluator = MakeEvaluator(options);
  SampleBuilder sample;
  sample.Worker();
  sample.InFlight("/a", 1);
  sample.InFlight("/b", 1);
  sample.Worker().process.rss_bytes = 120'000'000;
  const Evaluation evaluation = evaluator->Evaluate(*sample);
  ASSERT_THAT(evaluation.assessment.findings, SizeIs(2));
  EXPECT_EQ(evaluation.assessment.findings[0].message, "worker 1 (pid 4712): has 120 MB");
  EXPECT_EQ(evaluation.assessment.findings[0].slot, 1U);
  EXPECT_EQ(evaluation.assessment.findings[1].message, "2 in flight at 0 % CPU, from 2");
  EXPECT_EQ(evaluation.assessment.components.at("shop"), Status::kCritical);
  ASSERT_THAT(evaluation.assessment.recommendations, SizeIs(1));
  EXPECT_EQ(evaluation.assessment.recommendations[0].text, "Add workers: 2 in flight.");
  ASSERT_THAT(*evaluation.rules, SizeIs(2));
  const RuleSample& listed = (*evaluation.rules)[1];
  EXPECT_EQ(listed.expression, "worker_memory_bytes");
  EXPECT_EQ(listed.state, RuleState::kFiring);
  EXPECT_DOUBLE_EQ(listed.value, 120e6);
  EXPECT_DOUBLE_EQ(listed.critical->leave, 50e6);
}

TEST(EvaluatorRules, SwitchedOffRulesAreListedAndJudgeNothing) {
  EvaluatorOptions options;
  for (Rule& rule : options.rules) rule.enabled = rule.name != "memory";
  const auto evaluator = MakeEvaluator(options);
  SampleBuilder sample;
  sample.Worker();
  sample.MemoryUsed(0.95);
  const Evaluation evaluation = evaluator->Evaluate(*sample);
  EXPECT_THAT(evaluation.assessment.findings, SizeIs(0));
  bool listed = false;
  for (const RuleSample& rule : *evaluation.rules) {
    if (rule.name != "memory") continue;
    listed = true;
    EXPECT_FALSE(rule.enabled);
    EXPECT_EQ(rule.warning->setting, "memory_warning_threshold");
    EXPECT_TRUE(std::isnan(rule.value));
  }
  EXPECT_TRUE(listed);
}

TEST(EvaluatorRules, RecommendationsAreRankedAndSayWhatToExpect) {
  SampleBuilder sample;
  sample.Worker();
  sample.Requests("/slow", 60, 6, 30);
  sample.Requests("/other", 40, 0.01);
  const auto evaluator = MakeEvaluator();
  const Evaluation evaluation = evaluator->Evaluate(*sample);
  const auto& ranked = evaluation.assessment.recommendations;
  ASSERT_GE(ranked.size(), 2U);
  for (size_t i = 1; i < ranked.size(); ++i) {
    EXPECT_GE(ranked[i - 1].severity, ranked[i].severity);
    if (ranked[i - 1].severity == ranked[i].severity) {
      EXPECT_GE(ranked[i - 1].gain_ratio, ranked[i].gain_ratio);
    }
  }
  const auto slow = std::find_if(ranked.begin(), ranked.end(), [](const Recommendation& one) {
    return one.rule == "slow_requests";
  });
  ASSERT_NE(slow, ranked.end());
  EXPECT_THAT(slow->effect, HasSubstr("instead of 60"));
  EXPECT_THAT(slow->command, HasSubstr("stirbar config set slow_request_threshold 7"));
  EXPECT_EQ(slow->page, "/requests");
}

// ------------------------------------------------------------------------- groups, dependencies

TEST(EvaluatorHealth, GroupsFailAtTheirOwnSeverity) {
  EvaluatorOptions options;
  options.groups = {
      {.name = "lax", .members = {"memory", "database"}},
      {.name = "strict", .members = {"memory", "ready"}, .fails_at = Status::kWarning},
      {.name = "disk", .members = {"disk"}}};
  const auto evaluator = MakeEvaluator(options);
  SampleBuilder sample;
  sample.Worker();
  sample.MemoryUsed(0.85);
  const auto groups = evaluator->Evaluate(*sample).assessment.groups;
  ASSERT_THAT(groups, SizeIs(3));
  EXPECT_EQ(groups[0].answer.status, Status::kWarning);
  EXPECT_THAT(groups[0].answer.reason, HasSubstr("memory: memory 85 % used"));
  EXPECT_EQ(groups[1].answer.status, Status::kCritical);
  EXPECT_EQ(groups[2].answer.status, Status::kHealthy);
}

TEST(EvaluatorHealth, DependenciesInTroubleComeFirstAndNeverTouchLiveness) {
  SampleBuilder sample;
  sample.Worker();
  sample->hosts.emplace_back().name = "api.example:443";
  PoolSample& pool = sample->pools.emplace_back();
  pool.name = "mysql://db.example/shop";
  TargetSample& target = pool.targets.emplace_back();
  target.name = "db.example:3306";
  target.unavailable_seconds = 12;
  target.last_error = "OperationalError 2003";
  const Assessment assessment = MakeEvaluator()->Evaluate(*sample).assessment;
  ASSERT_THAT(assessment.dependencies, SizeIs(2));
  EXPECT_EQ(assessment.dependencies[0].name, "mysql://db.example/shop");
  EXPECT_EQ(assessment.dependencies[0].status, Status::kCritical);
  EXPECT_THAT(assessment.dependencies[0].reason, HasSubstr("db.example:3306 (OperationalError"));
  EXPECT_EQ(assessment.dependencies[1].status, Status::kHealthy);
  EXPECT_EQ(assessment.components.at("database"), Status::kCritical);
  EXPECT_EQ(assessment.live.status, Status::kHealthy);
}

TEST(EvaluatorHealth, SinksOfAlertsAreDependenciesThatFailNoProbe) {
  SampleBuilder sample;
  sample.Worker();
  sample->tick.wall_ns = 1'000'000'000'000;
  SinkSample works;
  works.name = "log";
  works.last_success_wall_ns = sample->tick.wall_ns - 60'000'000'000;
  SinkSample fails;
  fails.name = "pager";
  fails.failing_seconds = 10'000;
  fails.last_error = "connect: Connection refused";
  fails.waiting = 3;
  SinkSample unused;
  unused.name = "mail";
  sample->alerting.sinks = {works, fails, unused};
  const Assessment assessment = MakeEvaluator()->Evaluate(*sample).assessment;
  ASSERT_THAT(assessment.dependencies, SizeIs(3));
  const Dependency& first = assessment.dependencies[0];
  EXPECT_EQ(first.component, "alerts");
  EXPECT_EQ(first.kind, "sink");
  EXPECT_EQ(first.name, "pager");
  EXPECT_EQ(first.status, Status::kWarning);
  EXPECT_THAT(first.reason, HasSubstr("has taken nothing for 2 h 46 min (connect: Connection"));
  EXPECT_EQ(first.detail, "has taken no message yet, 3 wait");
  EXPECT_EQ(assessment.dependencies[1].status, Status::kHealthy);
  EXPECT_EQ(assessment.dependencies[1].reason, "");
  EXPECT_EQ(assessment.dependencies[1].detail, "took the last message 60 s ago, none wait");
  EXPECT_EQ(assessment.dependencies[2].detail, "has taken no message yet, none wait");
  EXPECT_EQ(assessment.components.at("alerts"), Status::kWarning);  // the rule alert_sinks
  EXPECT_EQ(assessment.live.status, Status::kHealthy);
  EXPECT_EQ(assessment.ready.status, Status::kHealthy);
}

TEST(EvaluatorHealth, AlertsAreAComponentWhereTheyGoSomewhere) {
  SampleBuilder sample;
  sample.Worker();
  EXPECT_EQ(MakeEvaluator()->Evaluate(*sample).assessment.components.count("alerts"), 0U);
  sample->alerting.sinks.emplace_back().name = "log";
  EXPECT_EQ(MakeEvaluator()->Evaluate(*sample).assessment.components.at("alerts"),
            Status::kHealthy);
}

}  // namespace
}  // namespace stirbar
