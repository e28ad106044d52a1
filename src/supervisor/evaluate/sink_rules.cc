#include "supervisor/evaluate/sink_rules.h"

#include <algorithm>
#include <string>

#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

const SinkSample* WorstSink(const Sample& sample) {
  const auto& sinks = sample.alerting.sinks;
  const auto worst = std::max_element(sinks.begin(), sinks.end(),
                                      [](const SinkSample& left, const SinkSample& right) {
                                        return left.failing_seconds < right.failing_seconds;
                                      });
  return worst == sinks.end() ? nullptr : &*worst;
}

}  // namespace

Rule AlertSinksRule() {
  Rule rule{.name = "alert_sinks", .component = "alerts", .unit = Unit::kSeconds};
  rule.warning = RuleLevel{.enter = SettingId::sink_failure_limit};
  rule.summary = "a sink of alerts has taken nothing for too long";
  rule.metric = [](const RuleInput& input) -> std::optional<double> {
    const SinkSample* const sink = WorstSink(input.sample);
    if (sink == nullptr) return std::nullopt;
    return sink->failing_seconds;
  };
  rule.describe = [](const RuleInput& input, double value) {
    const SinkSample* const sink = WorstSink(input.sample);
    if (sink == nullptr) return std::string("a sink of alerts fails");
    std::string text = "sink " + sink->name + " (" + sink->kind + ", " + sink->target +
                       ") has taken no alert for " + SecondsText(value) + ": " + sink->last_error;
    if (sink->waiting > 0) text += "; " + CountText(sink->waiting, "message") + " wait for it";
    return text;
  };
  return rule;
}

}  // namespace stirbar
