#include "supervisor/evaluate/default_evaluator.h"

#include <algorithm>
#include <map>
#include <utility>

#include "supervisor/evaluate/connection_advice.h"
#include "supervisor/evaluate/health.h"
#include "supervisor/evaluate/load_controller.h"
#include "supervisor/evaluate/metric_values.h"
#include "supervisor/evaluate/metrics.h"
#include "supervisor/evaluate/monitor_modes.h"
#include "supervisor/evaluate/probes.h"
#include "supervisor/evaluate/recent_hosts.h"
#include "supervisor/evaluate/recent_totals.h"
#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/rules.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

class DefaultEvaluator : public Evaluator {
 public:
  Evaluation Evaluate(const Sample& sample) override {
    Evaluation evaluation;
    evaluation.resources = ResourcesOf(sample);
    evaluation.performance = PerformanceOf(sample);
    Assessment& assessment = evaluation.assessment;
    for (const WorkerSample& worker : sample.workers) {
      assessment.workers.push_back(JudgeWorker(worker, sample));
    }
    evaluation.load = load_.Judge(FiguresOf(sample, evaluation.resources), sample.settings);
    const RecentTotals recent = totals_.Add(sample.tick, sample.totals);
    evaluation.metrics = MetricsOf(sample, evaluation, recent);
    const std::vector<RecentHost> hosts = hosts_.Add(sample.tick, sample.hosts);
    const RuleInput input{sample, evaluation.resources, assessment.workers,
                          recent, evaluation.load,      hosts};
    Forget(sample);
    assessment.findings = ApplyRules(input);
    ApplyMonitorModes(sample.settings, &assessment);
    SortFindings(&assessment.findings);
    JudgeHealth(&assessment);
    if (!sample.pools.empty() || !sample.databases.empty()) {
      assessment.components.try_emplace("database", Status::kHealthy);
    }
    assessment.recommendations = Recommend(assessment.findings, input);
    evaluation.connection_advice = AdviseConnections(sample);
    const Presence presence = PresenceAt(sample, assessment.workers);
    assessment.startup = Startup(sample, presence);
    assessment.ready = Ready(sample, assessment.workers, presence);
    assessment.live = Live(sample, assessment.workers, presence);
    return evaluation;
  }

 private:
  struct WorkerMemory {
    uint64_t incarnation = 0;
    std::vector<RuleMemory> rules;  // by index in rules_
  };

  // A slot that is free or has a new tenant starts with a clean record.
  void Forget(const Sample& sample) {
    std::erase_if(workers_, [&](const auto& entry) {
      return std::none_of(
          sample.workers.begin(), sample.workers.end(), [&](const WorkerSample& worker) {
            return worker.slot == entry.first && worker.incarnation == entry.second.incarnation;
          });
    });
  }

  std::vector<Finding> ApplyRules(const RuleInput& app) {
    std::vector<Finding> findings;
    const auto step = [&](size_t rule, const RuleInput& input, RuleMemory* memory) {
      std::optional<Finding> finding = Step(rules_[rule], input, memory);
      if (finding.has_value()) findings.push_back(std::move(*finding));
    };
    for (size_t rule = 0; rule < rules_.size(); ++rule) {
      if (rules_[rule].scope == RuleScope::kApp) {
        step(rule, app, &app_[rule]);
        continue;
      }
      for (size_t i = 0; i < app.verdicts.size(); ++i) {
        RuleInput input = app;
        input.worker = &app.sample.workers[i];
        input.verdict = &app.verdicts[i];
        WorkerMemory& memory = workers_[input.worker->slot];
        memory.incarnation = input.worker->incarnation;
        memory.rules.resize(rules_.size());
        step(rule, input, &memory.rules[rule]);
      }
    }
    return findings;
  }

  Presence PresenceAt(const Sample& sample, const std::vector<WorkerVerdict>& verdicts) {
    const uint64_t now_ns = sample.tick.now_ns;
    const bool alive = std::any_of(
        verdicts.begin(), verdicts.end(),
        [](const WorkerVerdict& verdict) { return verdict.condition != WorkerCondition::kDead; });
    if (!first_ns_.has_value()) first_ns_ = worker_alive_ns_ = now_ns;
    if (alive) worker_alive_ns_ = now_ns;
    return {Seconds(AgeOf(*first_ns_, now_ns)), Seconds(AgeOf(worker_alive_ns_, now_ns))};
  }

  const std::vector<Rule> rules_ = BuiltInRules();
  std::vector<RuleMemory> app_{rules_.size()};
  std::map<uint32_t, WorkerMemory> workers_;  // by slot
  LoadController load_;
  RecentTotalsWindow totals_;
  RecentHostsWindow hosts_;
  std::optional<uint64_t> first_ns_;
  uint64_t worker_alive_ns_ = 0;
};

}  // namespace

std::unique_ptr<Evaluator> MakeEvaluator() { return std::make_unique<DefaultEvaluator>(); }

}  // namespace stirbar
