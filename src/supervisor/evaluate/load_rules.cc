#include "supervisor/evaluate/load_rules.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "supervisor/evaluate/load_words.h"
#include "supervisor/evaluate/rules.h"
#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

using std::chrono::seconds;

}  // namespace

Rule SaturationRule() {
  Rule rule{.name = "saturation", .component = "queue", .unit = Unit::kRatio};
  // As long as a burst takes that the workers get through by themselves.
  rule.warning =
      RuleLevel{.enter = SettingId::saturation_warning_threshold, .enter_for = seconds(5)};
  rule.critical =
      RuleLevel{.enter = SettingId::saturation_critical_threshold, .enter_for = seconds(5)};
  rule.expression = BuiltInExpression("saturation");
  rule.describe = [](const RuleInput& input, double) {
    return SaturationText(FiguresOf(input.sample, input.resources), input.load,
                          input.sample.settings);
  };
  return rule;
}

Rule QueueTimeRule() {
  Rule rule{.name = "queue_time", .component = "queue", .unit = Unit::kSeconds};
  rule.warning = RuleLevel{.enter = SettingId::queue_time_warning_threshold};
  rule.critical = RuleLevel{.enter = SettingId::queue_time_critical_threshold};
  rule.expression = BuiltInExpression("queue_p95_seconds");
  rule.describe = [](const RuleInput& input, double value) {
    return "1 of 20 requests of the last minute waited " + SecondsText(value) +
           " or more before the app got it (the longest " +
           SecondsText(input.sample.traffic.queue_max_seconds) + ")";
  };
  return rule;
}

const RecentHost* MostFailingHost(const RuleInput& input) {
  const RecentHost* worst = nullptr;
  for (const RecentHost& host : input.hosts) {
    if (host.calls < kFewestCalls || host.failures == 0) continue;
    if (worst == nullptr || host.failed_ratio() > worst->failed_ratio()) worst = &host;
  }
  return worst;
}

Rule OutgoingRule() {
  Rule rule{.name = "outgoing", .component = "requests", .unit = Unit::kRatio};
  rule.warning = RuleLevel{.enter = 0.5};
  rule.metric = [](const RuleInput& input) -> std::optional<double> {
    const RecentHost* const worst = MostFailingHost(input);
    return worst == nullptr ? 0 : worst->failed_ratio();
  };
  rule.describe = [](const RuleInput& input, double value) {
    const RecentHost* const worst = MostFailingHost(input);
    if (worst == nullptr) return std::string("calls to another host fail");
    std::string text = PercentText(value) + " of the calls to " + worst->name +
                       " failed: " + std::to_string(worst->failures) + " of " +
                       std::to_string(worst->calls) + " in the last minute";
    if (worst->timeouts > 0) text += ", " + CountText(worst->timeouts, "time-out") + " among them";
    return text;
  };
  return rule;
}

}  // namespace stirbar
