#include "supervisor/evaluate/history_rule.h"

namespace stirbar {

Rule HistoryRule() {
  Rule rule{.name = "history", .component = "history", .unit = Unit::kCount};
  rule.warning = RuleLevel{.enter = 1.0};
  rule.summary = "the history is not written, or has lost something";
  rule.metric = [](const RuleInput& input) -> std::optional<double> {
    return input.sample.history.problem.empty() ? 0 : 1;
  };
  rule.describe = [](const RuleInput& input, double) {
    return "the history has a problem: " + input.sample.history.problem;
  };
  return rule;
}

}  // namespace stirbar
