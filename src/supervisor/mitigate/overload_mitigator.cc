#include "supervisor/mitigate/overload_mitigator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "base/clock.h"
#include "segment/events.h"

namespace stirbar {
namespace {

uint64_t BitsOf(double figure) {
  return std::bit_cast<uint64_t>(std::isnan(figure) ? 0.0 : figure);
}

uint64_t RefusedOf(const Sample& sample) {
  const auto& refused = sample.traffic.refused;
  return std::accumulate(refused.begin(), refused.end(), uint64_t{0});
}

}  // namespace

void OverloadMitigator::Act(const Sample& sample, const Evaluation& evaluation) {
  const LoadVerdict& load = evaluation.load;
  SupervisorBlock& block = segment_.supervisor;
  block.pressure.store(BitsOf(load.pressure), std::memory_order_relaxed);
  block.saturation.store(BitsOf(load.saturation), std::memory_order_relaxed);
  block.connections.store(sample.traffic.streams, std::memory_order_relaxed);
  LearnOwnBacklog(sample);
  OrderLevel(sample, load);
  OrderBacklog(sample, load);
  NoteWithheld(load);
}

void OverloadMitigator::LearnOwnBacklog(const Sample& sample) {
  SupervisorBlock& block = segment_.supervisor;
  if (block.backlog.load(std::memory_order_relaxed) != 0) return;
  uint32_t own = block.backlog_own.load(std::memory_order_relaxed);
  for (const ListenerSample& listener : sample.listeners) own = std::max(own, listener.backlog);
  block.backlog_own.store(own, std::memory_order_relaxed);
}

void OverloadMitigator::OrderLevel(const Sample& sample, const LoadVerdict& load) {
  HalfWord& ordered = segment_.supervisor.shed_level;
  const uint32_t before = ordered.load(std::memory_order_relaxed);
  if (before == load.shed_level) return;
  ordered.store(load.shed_level, std::memory_order_release);
  NoteHold(ActionKind::kShed, load.shed_level > 0, load.shed_reason, sample, &shed_);
  AppendEvent(segment_,
              {.kind = EventKind::kShedLevelChanged,
               .severity = load.shed_level > before ? Severity::kWarning : Severity::kInfo,
               .value = static_cast<double>(load.shed_level),
               .value2 = static_cast<double>(before)},
              "shed level " + std::to_string(before) + " -> " + std::to_string(load.shed_level) +
                  ": " + load.shed_reason);
}

void OverloadMitigator::OrderBacklog(const Sample& sample, const LoadVerdict& load) {
  HalfWord& ordered = segment_.supervisor.backlog;
  const uint32_t before = ordered.load(std::memory_order_relaxed);
  if (before == load.backlog) return;
  ordered.store(load.backlog, std::memory_order_release);
  // A bound that follows the service rate is one measure, not a new one each time.
  if ((load.backlog > 0) != (before > 0)) {
    NoteHold(ActionKind::kBacklog, load.backlog > 0, load.backlog_reason, sample, &bound_);
  }
  AppendEvent(segment_,
              {.kind = EventKind::kBacklogChanged,
               .severity = load.backlog > 0 && before == 0 ? Severity::kWarning : Severity::kInfo,
               .value = static_cast<double>(load.backlog),
               .value2 = static_cast<double>(before)},
              load.backlog_reason);
}

void OverloadMitigator::NoteWithheld(const LoadVerdict& load) {
  if (load.withheld_level != withheld_level_) {
    withheld_level_ = load.withheld_level;
    if (withheld_level_ > 0) {
      AppendEvent(segment_, {.kind = EventKind::kActionWithheld}, load.shed_reason);
      NoteWithheldAction(ActionKind::kShed, load.shed_reason);
    }
  }
  // A bound that follows the service rate is one measure, not a new one each time.
  if ((load.withheld_backlog > 0) != (withheld_backlog_ > 0)) {
    withheld_backlog_ = load.withheld_backlog;
    if (withheld_backlog_ > 0) {
      AppendEvent(segment_, {.kind = EventKind::kActionWithheld}, load.backlog_reason);
      NoteWithheldAction(ActionKind::kBacklog, load.backlog_reason);
    }
  }
}

void OverloadMitigator::NoteHold(ActionKind kind, bool holds, const std::string& reason,
                                 const Sample& sample, std::optional<Hold>* hold) {
  if (holds && !*hold) {
    Hold begun;
    begun.action.kind = kind;
    begun.action.state = ActionState::kRunning;
    begun.action.reason = reason;
    begun.since_ns = sample.tick.now_ns;
    begun.refused = RefusedOf(sample);
    begun.action.number = actions_.Add(begun.action);
    *hold = std::move(begun);
    return;
  }
  if (!*hold) return;
  ActionSample& action = (*hold)->action;
  if (holds) {
    action.reason = reason;
  } else {
    action.state = ActionState::kDone;
    action.seconds = Seconds(AgeOf((*hold)->since_ns, sample.tick.now_ns));
    action.effect =
        std::to_string(RefusedOf(sample) - std::min((*hold)->refused, RefusedOf(sample))) +
        " requests refused meanwhile";
  }
  actions_.Update(action);
  if (!holds) hold->reset();
}

void OverloadMitigator::NoteWithheldAction(ActionKind kind, const std::string& reason) {
  ActionSample action;
  action.kind = kind;
  action.state = ActionState::kWithheld;
  action.reason = reason;
  actions_.Add(std::move(action));
}

void OverloadMitigator::Withdraw() {
  segment_.supervisor.shed_level.store(0, std::memory_order_release);
  segment_.supervisor.backlog.store(0, std::memory_order_release);
}

}  // namespace stirbar
