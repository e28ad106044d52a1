// The evaluate stage put together: verdicts of the workers, metrics, rules, health, probes,
// recommendations.
#pragma once

#include <memory>
#include <vector>

#include "supervisor/evaluate/rule.h"
#include "supervisor/evaluate/rules.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Call Evaluate once for every tick, full or not. It keeps only what rules and probes must remember
// between samples (entered since when, calm since when, the last minute's totals); what it keeps of
// a worker goes with the worker's incarnation. Time: tens of microseconds for 16 workers.
struct EvaluatorOptions {
  std::vector<Rule> rules = BuiltInRules();  // names are unique; those switched off are only listed
  std::vector<HealthGroup> groups = {};
  std::vector<HistoryValues> past = {};  // of before this supervisor, oldest first: for trends
};
std::unique_ptr<Evaluator> MakeEvaluator(EvaluatorOptions options = {});

}  // namespace stirbar
