#include "supervisor/evaluate/rule.h"

#include <algorithm>
#include <cmath>

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

}  // namespace

LevelState Next(const LevelState& state, const Bounds& bounds, std::optional<double> value,
                const Tick& now) {
  if (value.has_value() && std::isnan(*value)) value.reset();
  const bool in = value.has_value() && *value >= bounds.enter;
  const bool out = !value.has_value() || *value < bounds.leave;
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
  return unit == Unit::kRatio ? std::max(enter - 0.05, enter / 2) : enter / 2;
}

std::optional<Finding> Step(const Rule& rule, const RuleInput& input, RuleMemory* memory) {
  const std::optional<double> value = rule.metric(input);
  const Tick& now = input.sample.tick;
  std::optional<Finding> finding;
  std::optional<uint64_t> calm_since_ns;
  const auto take = [&](const std::optional<RuleLevel>& level, Status severity, LevelState* state) {
    if (!level.has_value()) return;
    const Bounds bounds = BoundsOf(*level, rule.unit, input.sample.settings);
    *state = Next(*state, bounds, value, now);
    if (state->state != RuleState::kFiring) return;
    if (!finding.has_value()) {
      finding.emplace();
      finding->since_wall_ns = state->since_wall_ns;
      calm_since_ns = state->calm_since_ns;
    }
    finding->severity = severity;
    finding->threshold = bounds.enter;
    // Both levels may fire and only the upper one be calm: the trouble is not over then.
    if (!state->calm_since_ns.has_value()) calm_since_ns.reset();
    finding->since_wall_ns = std::min(finding->since_wall_ns, state->since_wall_ns);
  };
  take(rule.warning, Status::kWarning, &memory->warning);
  take(rule.critical, Status::kCritical, &memory->critical);
  if (!finding.has_value()) {
    *memory = {memory->warning, memory->critical, "", 0};
    return finding;
  }
  if (value.has_value() && !calm_since_ns.has_value()) {
    memory->value = *value;
    memory->message = rule.describe(input, *value);
  }
  finding->rule = rule.name;
  finding->component = rule.component;
  finding->value = memory->value;
  finding->message = memory->message;
  if (input.worker != nullptr) {
    finding->slot = input.worker->slot;
    finding->message = WorkerText(input.worker->slot, input.worker->pid) + ": " + finding->message;
  }
  if (calm_since_ns.has_value()) {
    finding->message += "; over for " + SecondsText(Seconds(AgeOf(*calm_since_ns, now.now_ns)));
  }
  return finding;
}

}  // namespace stirbar
