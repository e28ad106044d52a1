#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdio>
#include <limits>

#include "supervisor/cli/commands.h"
#include "supervisor/cli/environment_settings.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/history_file.h"
#include "supervisor/cli/replay_times.h"
#include "supervisor/cli/terminal_text.h"
#include "supervisor/evaluate/replay.h"
#include "supervisor/metric_series.h"
#include "supervisor/rule_file.h"
#include "supervisor/setting_layers.h"

namespace stirbar {
namespace {

namespace json = boost::json;

int Refuse(const ReplayOptions& options, const std::string& reason) {
  ViewOptions view;
  view.output = options.output;
  FailView(view, "replay: " + reason);
  return kUsageError;
}

json::value NumberOrNull(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::object JsonOf(const ReplayReport& report) {
  json::array findings;
  for (const ReplayedFinding& finding : report.findings) {
    findings.emplace_back(json::object{{"rule", finding.rule},
                                       {"component", finding.component},
                                       {"severity", Name(finding.severity)},
                                       {"since", finding.since},
                                       {"fired", finding.fired},
                                       {"until", NumberOrNull(finding.until)},
                                       {"threshold", finding.threshold},
                                       {"worst", NumberOrNull(finding.worst)},
                                       {"unit", Name(finding.unit)},
                                       {"message", finding.message},
                                       {"cut", finding.cut}});
  }
  json::array rules;
  for (const ReplayedRule& rule : report.rules) {
    rules.emplace_back(
        json::object{{"name", rule.name},
                     {"fired", rule.fired},
                     {"near", rule.near},
                     {"unreplayable", rule.unreplayable.empty() ? json::value(nullptr)
                                                                : json::value(rule.unreplayable)}});
  }
  return {{"from", NumberOrNull(report.from)}, {"until", NumberOrNull(report.until)},
          {"points", report.points},           {"gaps", report.gaps},
          {"findings", std::move(findings)},   {"rules", std::move(rules)}};
}

void Print(const ReplayReport& report) {
  if (report.points == 0) {
    std::printf("No points in this time.\n");
    return;
  }
  std::printf("%llu points, %s to %s UTC", static_cast<unsigned long long>(report.points),
              TimeText(report.from).c_str(), TimeText(report.until).c_str());
  if (report.gaps > 0) {
    std::printf(", %llu gaps", static_cast<unsigned long long>(report.gaps));
  }
  std::printf("\n\n");
  if (report.findings.empty()) std::printf("No rule would have fired.\n");
  if (!report.findings.empty()) {
    Table table({"fired", "for", "severity", "rule", "what"});
    for (const ReplayedFinding& finding : report.findings) {
      const bool goes_on = std::isnan(finding.until);
      const double end = goes_on ? report.until : finding.until;
      table.Add({TimeText(finding.fired),
                 DurationText(end - finding.fired) + (goes_on || finding.cut ? "+" : ""),
                 std::string(Name(finding.severity)), finding.rule,
                 SafeText(finding.message, 200)});
    }
    for (const std::string& line : table.Lines(~0U)) std::printf("%s\n", line.c_str());
  }
  std::printf("\n");
  for (const ReplayedRule& rule : report.rules) {
    if (rule.near == 0) continue;
    std::printf("%s was entered %llu times and left before it fired\n", rule.name.c_str(),
                static_cast<unsigned long long>(rule.near));
  }
  for (const ReplayedRule& rule : report.rules) {
    if (rule.unreplayable.empty()) continue;
    std::printf("not replayed: %s (%s)\n", rule.name.c_str(), rule.unreplayable.c_str());
  }
}

}  // namespace

int ReplayCommand(const ReplayOptions& options) {
  double from = 0;
  double until = std::numeric_limits<double>::infinity();
  for (const auto& [text, time] :
       {std::pair(&options.from, &from), std::pair(&options.until, &until)}) {
    if (text->empty()) continue;
    const Result<double> parsed = ParseTime(*text);
    if (!parsed) return Refuse(options, parsed.error());
    *time = *parsed;
  }
  const Result<ConfigFile> config = LoadConfigFile(options.rules);
  if (!config) return Refuse(options, config.error());
  const Result<std::vector<Rule>> rules = RulesOf(*config);
  if (!rules) return Refuse(options, rules.error());
  const Result<SettingValues> from_file = SettingsFromFile(*config);
  if (!from_file) return Refuse(options, from_file.error());
  const Result<SettingValues> changed = SettingsFromEnvironment();
  if (!changed) return Refuse(options, changed.error());
  Settings settings;
  for (const auto& [id, value] : *from_file) settings[id] = value;
  for (const auto& [id, value] : *changed) settings[id] = value;

  const Result<std::unique_ptr<MetricSeries>> series =
      options.csv.empty() ? RecordedSeries(options.history, from, until) : OpenCsv(options.csv);
  if (!series) return Refuse(options, series.error());
  Replay replay(*rules, settings);
  for (;;) {
    const Result<std::optional<MetricPoint>> point = (*series)->Next();
    if (!point) return Refuse(options, point.error());
    if (!point->has_value()) break;
    const double time = (**point).time;
    if (time >= from && time <= until) replay.Add(time, (**point).values);
  }
  const ReplayReport report = replay.Finish();
  if (options.output == Output::kJson) {
    PrintJson(JsonOf(report));
  } else {
    Print(report);
  }
  return 0;
}

}  // namespace stirbar
