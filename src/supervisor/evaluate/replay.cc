#include "supervisor/evaluate/replay.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace stirbar {
namespace {

// Points come every second; older ones are rolled up, to ten minutes at most. What takes three
// times as long as it took before is a gap.
constexpr double kGapFactor = 3;
constexpr double kShortestGap = 30;

}  // namespace

Replay::Replay(std::vector<Rule> rules, const Settings& settings)
    : rules_(std::move(rules)), settings_(settings) {
  for (const Rule& rule : rules_) {
    ReplayedRule& row = report_.rules.emplace_back();
    row.name = rule.name;
    if (!rule.enabled) {
      row.unreplayable = "switched off";
    } else if (!rule.expression.has_value()) {
      row.unreplayable = "measured by code, not from recorded figures";
    } else if (rule.scope == RuleScope::kWorker) {
      row.unreplayable = "figures of single workers are not recorded";
    }
    if (!row.unreplayable.empty()) continue;
    Track track{.rule = &rule, .place = report_.rules.size() - 1, .levels = {}, .windows = {}};
    if (rule.warning) track.levels.push_back({&*rule.warning, Status::kWarning});
    if (rule.critical) track.levels.push_back({&*rule.critical, Status::kCritical});
    tracks_.push_back(std::move(track));
  }
  Begin();
}

void Replay::Begin() {
  for (Track& track : tracks_) {
    track.windows = track.rule->expression->NewMemory();
    for (Level& level : track.levels) {
      if (level.open) {
        report_.findings[*level.open].until = report_.until;
        report_.findings[*level.open].cut = true;
      }
      level.state = {};
      level.open.reset();
    }
  }
}

void Replay::Add(double time, const MetricValues& values) {
  if (report_.points > 0) {
    const double step = time - report_.until;
    if (step > kShortestGap && step > kGapFactor * step_) {
      ++report_.gaps;
      Begin();
    } else {
      step_ = step;
    }
  } else {
    report_.from = time;
  }
  ++report_.points;
  report_.until = time;
  const auto now_ns = static_cast<uint64_t>(time * 1e9);
  const Tick tick{.now_ns = now_ns, .wall_ns = now_ns, .full = true};
  const RuleFigures figures = RuleFiguresOf(values);
  for (Track& track : tracks_) {
    const double value = track.rule->expression->Value(figures, now_ns, &track.windows);
    track.measured = track.measured || !std::isnan(value);
    for (Level& level : track.levels) Follow(&track, &level, value, tick, figures);
  }
}

void Replay::Follow(Track* track, Level* level, double value, const Tick& tick,
                    const RuleFigures& figures) {
  const Rule& rule = *track->rule;
  const Bounds bounds = BoundsOf(*level->level, rule.unit, settings_);
  const bool low = bounds.leave > bounds.enter;
  const LevelState before = level->state;
  level->state = Next(before, bounds, value, tick);
  const double now = static_cast<double>(tick.wall_ns) * 1e-9;
  ReplayedRule& row = report_.rules[track->place];
  if (level->state.state == RuleState::kInactive && before.state == RuleState::kPending) ++row.near;
  if (level->state.state == RuleState::kFiring && before.state != RuleState::kFiring) {
    ++row.fired;
    level->open = report_.findings.size();
    report_.findings.push_back({.rule = rule.name,
                                .component = rule.component,
                                .severity = level->severity,
                                .since = static_cast<double>(level->state.since_wall_ns) * 1e-9,
                                .fired = now,
                                .threshold = bounds.enter,
                                .worst = value,
                                .unit = rule.unit,
                                .message = {}});
  }
  if (!level->open) return;
  ReplayedFinding& finding = report_.findings[*level->open];
  if (level->state.state != RuleState::kFiring) {
    finding.until = now;
    level->open.reset();
    return;
  }
  if (finding.message.empty() || (low ? value < finding.worst : value > finding.worst)) {
    finding.worst = value;
    finding.message = FillTemplate(rule.summary, rule, &figures, value, bounds.enter);
  }
}

ReplayReport Replay::Finish() {
  for (const Track& track : tracks_) {
    if (track.measured) continue;
    report_.rules[track.place].unreplayable =
        track.rule->expression->text() + " is not in the figures, or was never measured";
  }
  std::stable_sort(
      report_.findings.begin(), report_.findings.end(),
      [](const ReplayedFinding& a, const ReplayedFinding& b) { return a.fired < b.fired; });
  for (Track& track : tracks_) {
    for (Level& level : track.levels) level.open.reset();  // places have moved
  }
  return std::move(report_);
}

}  // namespace stirbar
