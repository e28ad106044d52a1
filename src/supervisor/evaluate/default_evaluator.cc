#include "supervisor/evaluate/default_evaluator.h"

#include <algorithm>
#include <map>
#include <utility>

#include "supervisor/evaluate/connection_advice.h"
#include "supervisor/evaluate/dependencies.h"
#include "supervisor/evaluate/health.h"
#include "supervisor/evaluate/health_groups.h"
#include "supervisor/evaluate/load_controller.h"
#include "supervisor/evaluate/memory_forecast.h"
#include "supervisor/evaluate/metric_values.h"
#include "supervisor/evaluate/metrics.h"
#include "supervisor/evaluate/monitor_modes.h"
#include "supervisor/evaluate/probes.h"
#include "supervisor/evaluate/recent_hosts.h"
#include "supervisor/evaluate/recent_totals.h"
#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/rule_list.h"
#include "supervisor/evaluate/rules.h"
#include "supervisor/evaluate/trend.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

class DefaultEvaluator : public Evaluator {
 public:
  explicit DefaultEvaluator(EvaluatorOptions options)
      : rules_(std::move(options.rules)),
        groups_(std::move(options.groups)),
        app_(rules_.size()),
        trends_(options.past) {}

  Evaluation Evaluate(const Sample& sample) override {
    Evaluation evaluation;
    evaluation.resources = ResourcesOf(sample);
    evaluation.performance = PerformanceOf(sample);
    Assessment& assessment = evaluation.assessment;
    for (const WorkerSample& worker : sample.workers) {
      assessment.workers.push_back(JudgeWorker(worker, sample));
    }
    const double memory_ratio = evaluation.resources.memory_usage_percent / 100;
    if (sample.tick.full) memory_.Note(memory_ratio, sample.tick.now_ns);
    evaluation.memory_outlook = memory_.Outlook(sample.settings.memory_warning_threshold);
    LoadFigures load_figures = FiguresOf(sample, evaluation.resources);
    load_figures.memory_outlook = evaluation.memory_outlook;
    evaluation.load = load_.Judge(load_figures, sample.settings);
    const RecentTotals recent = totals_.Add(sample.tick, sample.totals);
    evaluation.metrics = MetricsOf(sample, evaluation, recent);
    const std::vector<RecentHost> hosts = hosts_.Add(sample.tick, sample.hosts);
    const RuleFigures figures = RuleFiguresOf(evaluation.metrics);
    const RuleInput input{.sample = sample,
                          .resources = evaluation.resources,
                          .verdicts = assessment.workers,
                          .recent = recent,
                          .load = evaluation.load,
                          .hosts = hosts,
                          .figures = &figures};
    Forget(sample);
    ApplyRules(input, &assessment);
    ApplyMonitorModes(sample.settings, &assessment);
    SortFindings(&assessment.findings);
    SortFindings(&assessment.pending);
    JudgeHealth(&assessment);
    if (!sample.pools.empty() || !sample.databases.empty()) {
      assessment.components.try_emplace("database", Status::kHealthy);
    }
    if (!sample.alerting.sinks.empty()) {
      assessment.components.try_emplace("alerts", Status::kHealthy);
    }
    trends_.Add(sample.tick, evaluation.metrics);
    evaluation.trends = trends_.Trends(sample.settings);
    assessment.recommendations = Recommend(assessment.findings, input, rules_);
    evaluation.connection_advice = AdviseConnections(sample);
    const Presence presence = PresenceAt(sample, assessment.workers);
    assessment.startup = Startup(sample, presence);
    assessment.ready = Ready(sample, assessment.workers, presence);
    assessment.live = Live(sample, assessment.workers, presence);
    assessment.dependencies = DependenciesOf(sample, hosts);
    assessment.groups = JudgeGroups(groups_, assessment);
    if (sample.tick.full || listed_ == nullptr) {
      listed_ = std::make_shared<const std::vector<RuleSample>>(List(sample.settings));
    }
    evaluation.rules = listed_;
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

  void ApplyRules(const RuleInput& app, Assessment* assessment) {
    const auto step = [&](const Rule& rule, const RuleInput& input, RuleMemory* memory) {
      std::optional<Finding> finding = Step(rule, input, memory);
      if (finding.has_value()) assessment->findings.push_back(std::move(*finding));
      std::optional<Finding> pending = Pending(rule, input, *memory);
      if (pending.has_value()) assessment->pending.push_back(std::move(*pending));
    };
    for (size_t rule = 0; rule < rules_.size(); ++rule) {
      if (!rules_[rule].enabled) continue;
      if (rules_[rule].scope == RuleScope::kApp) {
        step(rules_[rule], app, &app_[rule]);
        continue;
      }
      for (size_t i = 0; i < app.verdicts.size(); ++i) {
        RuleInput input = app;
        input.worker = &app.sample.workers[i];
        input.verdict = &app.verdicts[i];
        RuleFigures figures = *app.figures;
        SetWorker(*input.worker, &figures);
        input.figures = &figures;
        WorkerMemory& memory = workers_[input.worker->slot];
        memory.incarnation = input.worker->incarnation;
        memory.rules.resize(rules_.size());
        step(rules_[rule], input, &memory.rules[rule]);
      }
    }
  }

  // All rules as they stand; those of workers as with the worker that is worst off.
  std::vector<RuleSample> List(const Settings& settings) const {
    std::vector<RuleSample> list;
    for (size_t rule = 0; rule < rules_.size(); ++rule) {
      std::vector<const RuleMemory*> memories;
      if (rules_[rule].scope == RuleScope::kApp) {
        memories.push_back(&app_[rule]);
      } else {
        for (const auto& [slot, memory] : workers_) {
          if (rule < memory.rules.size()) memories.push_back(&memory.rules[rule]);
        }
      }
      list.push_back(ListRule(rules_[rule], memories, settings));
    }
    return list;
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

  const std::vector<Rule> rules_;
  const std::vector<HealthGroup> groups_;
  std::vector<RuleMemory> app_;               // by index in rules_
  std::map<uint32_t, WorkerMemory> workers_;  // by slot
  MemoryForecast memory_;
  LoadController load_;
  RecentTotalsWindow totals_;
  RecentHostsWindow hosts_;
  TrendWatch trends_;
  std::shared_ptr<const std::vector<RuleSample>> listed_;
  std::optional<uint64_t> first_ns_;
  uint64_t worker_alive_ns_ = 0;
};

}  // namespace

std::unique_ptr<Evaluator> MakeEvaluator(EvaluatorOptions options) {
  return std::make_unique<DefaultEvaluator>(std::move(options));
}

}  // namespace stirbar
