#include "supervisor/evaluate/rule_list.h"

#include <algorithm>
#include <cmath>

namespace stirbar {
namespace {

std::optional<RuleLevelSample> ListLevel(const std::optional<RuleLevel>& level, Unit unit,
                                         const LevelState* state, const Settings& settings) {
  if (!level.has_value()) return std::nullopt;
  const Bounds bounds = BoundsOf(*level, unit, settings);
  RuleLevelSample sample{.enter = bounds.enter,
                         .leave = bounds.leave,
                         .for_seconds = Seconds(bounds.enter_for),
                         .leave_for_seconds = Seconds(bounds.leave_for)};
  if (const SettingId* const setting = std::get_if<SettingId>(&level->enter)) {
    sample.setting = kSettingSpecs[static_cast<size_t>(*setting)].name;
  }
  if (state != nullptr) sample.state = state->state;
  return sample;
}

// Worse comes later: critical fires, warning fires, critical waits, warning waits; then by value.
int RankOf(const RuleMemory& memory) {
  if (memory.critical.state == RuleState::kFiring) return 4;
  if (memory.warning.state == RuleState::kFiring) return 3;
  if (memory.critical.state == RuleState::kPending) return 2;
  return memory.warning.state == RuleState::kPending ? 1 : 0;
}

}  // namespace

RuleSample ListRule(const Rule& rule, std::span<const RuleMemory* const> memories,
                    const Settings& settings) {
  RuleSample sample;
  sample.name = rule.name;
  sample.component = rule.component;
  if (rule.expression.has_value()) sample.expression = rule.expression->text();
  sample.summary = rule.summary;
  sample.unit = rule.unit;
  sample.origin = rule.origin;
  sample.enabled = rule.enabled;
  sample.of_workers = rule.scope == RuleScope::kWorker;
  const RuleMemory* worst = nullptr;
  for (const RuleMemory* const memory : memories) {
    const bool worse =
        worst == nullptr || RankOf(*memory) > RankOf(*worst) ||
        (RankOf(*memory) == RankOf(*worst) && (std::isnan(worst->now) || memory->now > worst->now));
    if (worse) worst = memory;
  }
  sample.warning = ListLevel(rule.warning, rule.unit, worst ? &worst->warning : nullptr, settings);
  sample.critical =
      ListLevel(rule.critical, rule.unit, worst ? &worst->critical : nullptr, settings);
  if (worst == nullptr || !rule.enabled) return sample;
  sample.value = worst->now;
  for (const LevelState* const level : {&worst->warning, &worst->critical}) {
    if (level->state == RuleState::kInactive) continue;
    sample.state = std::max(sample.state, level->state);
    sample.since_wall_ns = sample.since_wall_ns == 0
                               ? level->since_wall_ns
                               : std::min(sample.since_wall_ns, level->since_wall_ns);
  }
  return sample;
}

}  // namespace stirbar
