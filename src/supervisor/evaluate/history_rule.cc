#include "supervisor/evaluate/history_rule.h"

#include <string>

#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

double FailingSeconds(const ExportSample& one, const Tick& tick) {
  if (one.failing_since_wall_ns == 0) return 0;
  return Seconds(AgeOf(one.failing_since_wall_ns, tick.wall_ns));
}

const ExportSample* WorstExport(const Sample& sample) {
  const ExportSample* worst = nullptr;
  for (const ExportSample& one : sample.history.exports) {
    if (worst == nullptr ||
        FailingSeconds(one, sample.tick) > FailingSeconds(*worst, sample.tick)) {
      worst = &one;
    }
  }
  return worst;
}

}  // namespace

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

Rule ExportsRule() {
  Rule rule{.name = "exports", .component = "history", .unit = Unit::kSeconds};
  rule.warning = RuleLevel{.enter = SettingId::sink_failure_limit};
  rule.summary = "an export of the history has sent nothing for too long";
  rule.metric = [](const RuleInput& input) -> std::optional<double> {
    const ExportSample* const one = WorstExport(input.sample);
    if (one == nullptr) return std::nullopt;
    return FailingSeconds(*one, input.sample.tick);
  };
  rule.describe = [](const RuleInput& input, double value) {
    const ExportSample* const one = WorstExport(input.sample);
    if (one == nullptr) return std::string("an export of the history fails");
    return "export " + one->name + " (" + one->kind + ", " + one->target + ") has failed for " +
           SecondsText(value) + ": " + one->error;
  };
  return rule;
}

}  // namespace stirbar
