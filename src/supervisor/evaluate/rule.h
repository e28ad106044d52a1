// A rule: when a figure becomes a finding, and when it stops being one. Rules are data (an
// expression over named figures, thresholds, durations, words); those that speak of a worker, a
// host or a database by its name measure by code. All of them run through the one state machine
// below. A rule whose leave threshold lies above its enter threshold watches for low values: read
// the picture upside down.
//
//            value >= enter                     enter_for over
//   inactive ──────────────▶ pending ─────────────────────────▶ firing
//      ▲                        │ below enter for too long         │
//      ├────────────────────────┘                                  │
//      └───────────────────────────────────────────────────────────┘ below leave for leave_for
//
// Why nothing flaps: leave lies below enter (LeaveThreshold), so that a signal that hovers at the
// threshold stays in; and leave_for asks for 5 s of calm, so that one that jumps across the whole
// band does too.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "supervisor/evaluate/expression.h"
#include "supervisor/evaluate/recent_hosts.h"
#include "supervisor/evaluate/recent_totals.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// ------------------------------------------------------------------------- the state machine

struct Bounds {
  double enter = 0;  // value >= enter: in
  double leave = 0;  // value < leave: out; where leave > enter: <= enter in, > leave out
  Nanoseconds enter_for{0};
  Nanoseconds leave_for{0};
};

struct LevelState {
  RuleState state = RuleState::kInactive;
  uint64_t since_ns = 0;                  // monotonic; when the value reached `enter`
  uint64_t since_wall_ns = 0;             // the same moment, for showing
  std::optional<uint64_t> calm_since_ns;  // pending: below enter; firing: below leave
};

// The state after `value` at `now`. No value counts as a calm one: what cannot be measured any more
// stops firing after leave_for. A pending level forgives dips shorter than a tenth of enter_for, at
// most leave_for: one quiet second in five minutes of full CPU does not start the count again.
LevelState Next(const LevelState& state, const Bounds& bounds, std::optional<double> value,
                const Tick& now);

// ----------------------------------------------------------------------------------- a rule

using Unit = MetricUnit;

// Where a rule is left when nothing else is said. Ratios: 0.05 below enter, wider than the noise of
// memory and CPU figures, but never more than halfway to 0. The others: half, as they swing in
// proportion.
double LeaveThreshold(Unit unit, double enter);

// A number, or a setting that can change at run time.
using Threshold = std::variant<double, SettingId>;

struct RuleLevel {
  Threshold enter = 0.0;
  Nanoseconds enter_for{0};
  Nanoseconds leave_for = std::chrono::seconds(5);
  std::optional<double> leave = {};  // LeaveThreshold when absent
};

// What metrics and words may look at.
struct RuleInput {
  const Sample& sample;
  const ResourceMetrics& resources;
  const std::vector<WorkerVerdict>& verdicts;  // one for each sample.workers
  const RecentTotals& recent;
  const LoadVerdict& load;
  const std::vector<RecentHost>& hosts;
  const WorkerSample* worker = nullptr;  // rules of scope kWorker: the one in question
  const WorkerVerdict* verdict = nullptr;
  const RuleFigures* figures = nullptr;  // what expressions speak of; null: none is measured
};

struct Rule {
  std::string name;
  std::string component;
  RuleScope scope = RuleScope::kApp;
  Unit unit = Unit::kRatio;
  std::optional<RuleLevel> warning = {};
  std::optional<RuleLevel> critical = {};
  // The figure; none where there is nothing to judge. One of the two.
  std::optional<Expression> expression = {};
  std::function<std::optional<double>(const RuleInput&)> metric = {};
  // The message, without the worker's name: plain words with the figures. Without it `summary`,
  // with its places filled (FillTemplate).
  std::function<std::string(const RuleInput&, double value)> describe = {};
  std::string summary = {};  // what it looks for; of a user's own rule a template
  std::string advice = {};   // of a user's own rule: a template; empty: none
  RuleOrigin origin = RuleOrigin::kBuiltIn;
  bool enabled = true;
};

// For the built-in ones: aborts where `text` is no expression.
Expression BuiltInExpression(std::string_view text, RuleScope scope = RuleScope::kApp);

// `text` with {value}, {threshold} and the names of figures, as {memory_ratio}, replaced by the
// figures in the units of a person: "91 %", "3.2 s". A place that nobody knows stays as it is.
std::string FillTemplate(std::string_view text, const Rule& rule, const RuleFigures* figures,
                         double value, double threshold);
// The first place of `text` that nobody knows; absent: all are known.
std::optional<std::string> UnknownPlace(std::string_view text, RuleScope scope);

Bounds BoundsOf(const RuleLevel& level, Unit unit, const Settings& settings);

// What one rule remembers, for the app or for one worker.
struct RuleMemory {
  LevelState warning;
  LevelState critical;
  std::string message;  // of the newest value that was not calm
  double value = 0;
  double now = kNotMeasured;  // the newest value
  ExpressionMemory windows = {};
};

// The rule's figure of now, noted in `memory`; none where there is nothing to judge.
std::optional<double> Measure(const Rule& rule, const RuleInput& input, RuleMemory* memory);

// Takes the rule one sample further. Returns the finding while a level fires: the worst level's
// severity and threshold, since the first of them was entered. While it waits to be left, message
// and value stay those of the trouble.
std::optional<Finding> Step(const Rule& rule, const RuleInput& input, RuleMemory* memory);

// What Step's last sample has entered, but not for long enough: the worst such level above the one
// that fires.
std::optional<Finding> Pending(const Rule& rule, const RuleInput& input, const RuleMemory& memory);

}  // namespace stirbar
