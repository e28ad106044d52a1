// Advice about what Stirbar keeps and sends: its history, where else that goes, and the sinks of
// alerts.
#include <algorithm>
#include <string>

#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/words.h"

namespace stirbar {

Advice AdviseHistory(const Finding& /*finding*/, const RuleInput& input) {
  const HistorySample& history = input.sample.history;
  const std::string file = history.path.empty() ? "its file" : history.path;
  Advice advice;
  advice.text = "Make room for " + file + ", or give the history another place: --history PATH.";
  if (history.dropped > 0) advice.evidence = CountText(history.dropped, "record") + " dropped";
  advice.effect = "figures and records are kept again; nothing else depends on it";
  if (!history.path.empty()) advice.command = "df -h " + history.path;
  return advice;
}

Advice AdviseExports(const Finding& /*finding*/, const RuleInput& input) {
  const auto& exports = input.sample.history.exports;
  // The one that has failed longest: 0 is one that works.
  const auto worst = std::min_element(
      exports.begin(), exports.end(), [](const ExportSample& left, const ExportSample& right) {
        return left.failing_since_wall_ns - 1 < right.failing_since_wall_ns - 1;
      });
  if (worst == exports.end()) return {};
  Advice advice;
  advice.text = "See to the receiver of export " + worst->name + " (" + worst->target +
                "), or correct its [[exports]] in stirbar.toml.";
  advice.evidence = "it is " + SecondsText(worst->behind_seconds) + " behind: " + worst->error;
  advice.effect = "what waits is sent then; nothing else depends on it";
  advice.command = "stirbar history info";
  return advice;
}

Advice AdviseAlertSinks(const Finding& /*finding*/, const RuleInput& input) {
  const auto& sinks = input.sample.alerting.sinks;
  const auto worst = std::max_element(sinks.begin(), sinks.end(),
                                      [](const SinkSample& left, const SinkSample& right) {
                                        return left.failing_seconds < right.failing_seconds;
                                      });
  if (worst == sinks.end()) return {};
  Advice advice;
  advice.text = "See to the receiver of sink " + worst->name + " (" + worst->target +
                "), or correct its [[sinks]] in stirbar.toml.";
  advice.evidence = CountText(worst->waiting, "message") + " wait for it";
  advice.effect = "what waits is delivered then, in order";
  advice.command = "stirbar alerts test " + worst->name;
  return advice;
}

}  // namespace stirbar
