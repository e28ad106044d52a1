#include "supervisor/evaluate/rule.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

// How long it has been calm, counting from the first calm sample.
Nanoseconds Calm(LevelState* state, const Tick& now) {
  if (!state->calm_since_ns.has_value()) state->calm_since_ns = now.now_ns;
  return AgeOf(*state->calm_since_ns, now.now_ns);
}

LevelState NextPending(LevelState state, const Bounds& bounds, bool in, const Tick& now) {
  if (in) {
    state.calm_since_ns.reset();
    if (AgeOf(state.since_ns, now.now_ns) >= bounds.enter_for) state.state = RuleState::kFiring;
    return state;
  }
  const Nanoseconds forgiven = std::min(bounds.leave_for, bounds.enter_for / 10);
  return Calm(&state, now) >= forgiven ? LevelState{} : state;
}

LevelState NextFiring(LevelState state, const Bounds& bounds, bool out, const Tick& now) {
  if (!out) {
    state.calm_since_ns.reset();
    return state;
  }
  return Calm(&state, now) >= bounds.leave_for ? LevelState{} : state;
}

// A figure in the units of a person.
std::string FigureText(double value, MetricUnit unit) {
  if (std::isnan(value)) return "an unknown figure";
  switch (unit) {
    case MetricUnit::kRatio:
      return PercentText(value);
    case MetricUnit::kSeconds:
      return SecondsText(value);
    case MetricUnit::kBytes:
      return BytesText(value);
    case MetricUnit::kCount:
      return NumberText(value);
    case MetricUnit::kPerSecond:
      return NumberText(value) + "/s";
  }
  return NumberText(value);
}

// Calls `word` for each text between braces and `text` for what is between them.
template <typename Text, typename Word>
void Walk(std::string_view whole, Text text, Word word) {
  while (!whole.empty()) {
    const size_t open = whole.find('{');
    const size_t close = open == whole.npos ? open : whole.find('}', open);
    if (close == whole.npos) return text(whole);
    text(whole.substr(0, open));
    word(whole.substr(open + 1, close - open - 1));
    whole.remove_prefix(close + 1);
  }
}

}  // namespace

Expression BuiltInExpression(std::string_view text, RuleScope scope) {
  Result<Expression> parsed = Expression::Parse(text, scope);
  if (!parsed) {
    std::fprintf(stderr, "stirbar: built-in rule '%.*s': %s\n", static_cast<int>(text.size()),
                 text.data(), parsed.error().c_str());
    std::abort();
  }
  return std::move(*parsed);
}

std::string FillTemplate(std::string_view text, const Rule& rule, const RuleFigures* figures,
                         double value, double threshold) {
  std::string out;
  Walk(
      text, [&](std::string_view part) { out += part; },
      [&](std::string_view word) {
        const std::optional<FigureName> figure = FindFigure(word, rule.scope);
        if (word == "value") {
          out += FigureText(value, rule.unit);
        } else if (word == "threshold") {
          out += FigureText(threshold, rule.unit);
        } else if (figure.has_value()) {
          out += FigureText(figures != nullptr ? (*figures)[figure->index] : kNotMeasured,
                            figure->unit);
        } else {
          out += '{' + std::string(word) + '}';
        }
      });
  return out;
}

std::optional<std::string> UnknownPlace(std::string_view text, RuleScope scope) {
  std::optional<std::string> unknown;
  Walk(
      text, [](std::string_view) {},
      [&](std::string_view word) {
        if (unknown || word == "value" || word == "threshold") return;
        if (!FindFigure(word, scope).has_value()) unknown = std::string(word);
      });
  return unknown;
}

Bounds BoundsOf(const RuleLevel& level, Unit unit, const Settings& settings) {
  Bounds bounds;
  bounds.enter = std::holds_alternative<SettingId>(level.enter)
                     ? settings[std::get<SettingId>(level.enter)]
                     : std::get<double>(level.enter);
  bounds.leave = level.leave.value_or(LeaveThreshold(unit, bounds.enter));
  bounds.enter_for = level.enter_for;
  bounds.leave_for = level.leave_for;
  return bounds;
}

LevelState Next(const LevelState& state, const Bounds& bounds, std::optional<double> value,
                const Tick& now) {
  if (value.has_value() && std::isnan(*value)) value.reset();
  const bool low = bounds.leave > bounds.enter;
  const bool in = value.has_value() && (low ? *value <= bounds.enter : *value >= bounds.enter);
  const bool out = !value.has_value() || (low ? *value > bounds.leave : *value < bounds.leave);
  switch (state.state) {
    case RuleState::kInactive:
      if (!in) return state;
      return NextPending({RuleState::kPending, now.now_ns, now.wall_ns, {}}, bounds, in, now);
    case RuleState::kPending:
      return NextPending(state, bounds, in, now);
    case RuleState::kFiring:
      return NextFiring(state, bounds, out, now);
  }
  return state;
}

double LeaveThreshold(Unit unit, double enter) {
  const double half = std::fabs(enter) / 2;
  return enter - (unit == Unit::kRatio ? std::min(0.05, half) : half);
}

std::optional<double> Measure(const Rule& rule, const RuleInput& input, RuleMemory* memory) {
  std::optional<double> value;
  if (!rule.expression.has_value()) {
    value = rule.metric(input);
  } else if (input.figures != nullptr) {
    if (memory->windows.empty()) memory->windows = rule.expression->NewMemory();
    value = rule.expression->Value(*input.figures, input.sample.tick.now_ns, &memory->windows);
  }
  if (value.has_value() && std::isnan(*value)) value.reset();
  memory->now = value.value_or(kNotMeasured);
  return value;
}

namespace {

// The worker's name comes with it.
std::string Describe(const Rule& rule, const RuleInput& input, double value, double threshold) {
  return rule.describe ? rule.describe(input, value)
                       : FillTemplate(rule.summary, rule, input.figures, value, threshold);
}

void NameWorker(const RuleInput& input, Finding* finding) {
  if (input.worker == nullptr) return;
  finding->slot = input.worker->slot;
  finding->message = WorkerText(input.worker->slot, input.worker->pid) + ": " + finding->message;
}

}  // namespace

std::optional<Finding> Step(const Rule& rule, const RuleInput& input, RuleMemory* memory) {
  const std::optional<double> value = Measure(rule, input, memory);
  const Tick& now = input.sample.tick;
  std::optional<Finding> finding;
  uint64_t calm_since_ns = 0;  // 0: the trouble goes on
  const auto take = [&](const std::optional<RuleLevel>& level, Status severity, LevelState* state) {
    if (!level.has_value()) return;
    const Bounds bounds = BoundsOf(*level, rule.unit, input.sample.settings);
    *state = Next(*state, bounds, value, now);
    if (state->state != RuleState::kFiring) return;
    if (!finding.has_value()) {
      finding.emplace();
      finding->since_wall_ns = state->since_wall_ns;
      calm_since_ns = state->calm_since_ns.value_or(0);
    }
    finding->severity = severity;
    finding->threshold = bounds.enter;
    // Both levels may fire and only the upper one be calm: the trouble is not over then.
    if (!state->calm_since_ns.has_value()) calm_since_ns = 0;
    finding->since_wall_ns = std::min(finding->since_wall_ns, state->since_wall_ns);
  };
  take(rule.warning, Status::kWarning, &memory->warning);
  take(rule.critical, Status::kCritical, &memory->critical);
  if (!finding.has_value()) {
    memory->message.clear();
    memory->value = 0;
    return finding;
  }
  if (value.has_value() && calm_since_ns == 0) {
    memory->value = *value;
    memory->message = Describe(rule, input, *value, finding->threshold);
  }
  finding->rule = rule.name;
  finding->component = rule.component;
  finding->value = memory->value;
  finding->message = memory->message;
  NameWorker(input, &*finding);
  if (calm_since_ns != 0) {
    finding->message += "; over for " + SecondsText(Seconds(AgeOf(calm_since_ns, now.now_ns)));
  }
  return finding;
}

std::optional<Finding> Pending(const Rule& rule, const RuleInput& input, const RuleMemory& memory) {
  const bool critical = memory.critical.state == RuleState::kPending;
  const bool warning =
      memory.warning.state == RuleState::kPending && memory.critical.state != RuleState::kFiring;
  if ((!critical && !warning) || std::isnan(memory.now)) return std::nullopt;
  const LevelState& state = critical ? memory.critical : memory.warning;
  const RuleLevel& level = critical ? *rule.critical : *rule.warning;
  Finding finding;
  finding.rule = rule.name;
  finding.component = rule.component;
  finding.severity = critical ? Status::kCritical : Status::kWarning;
  finding.threshold = BoundsOf(level, rule.unit, input.sample.settings).enter;
  finding.value = memory.now;
  finding.message = Describe(rule, input, memory.now, finding.threshold);
  finding.since_wall_ns = state.since_wall_ns;
  NameWorker(input, &finding);
  return finding;
}

}  // namespace stirbar
