#include "supervisor/action_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.h"

namespace stirbar {

uint64_t ActionLog::Add(ActionSample action) {
  action.number = next_number_++;
  if (action.wall_ns == 0) action.wall_ns = WallNs();
  if (action.state != ActionState::kRunning) Remember(action);
  actions_.push_back(std::move(action));
  if (actions_.size() > kActionsShown) actions_.pop_front();
  return next_number_ - 1;
}

void ActionLog::Update(const ActionSample& action) {
  const auto known = std::find_if(actions_.begin(), actions_.end(), [&](const ActionSample& each) {
    return each.number == action.number;
  });
  const bool was_running = known == actions_.end() || known->state == ActionState::kRunning;
  if (known != actions_.end()) *known = action;
  if (was_running && action.state != ActionState::kRunning) Remember(action);
}

void ActionLog::Remember(const ActionSample& action) {
  auto count = std::find_if(counts_.begin(), counts_.end(), [&](const ActionCount& each) {
    return each.kind == action.kind && each.state == action.state;
  });
  if (count == counts_.end()) count = counts_.insert(count, {action.kind, action.state, 0, 0});
  ++count->count;
  if (const double freed = action.before_bytes - action.after_bytes; freed > 0) {
    count->reclaimed_bytes += freed;  // never where one is not measured
  }
  HistoryRecord record;
  record.wall_ns = action.wall_ns;
  record.kind = RecordKind::kAction;
  record.severity = action.state == ActionState::kFailed ? Severity::kWarning : Severity::kInfo;
  record.name = std::string(Name(action.kind));
  record.actor = action.actor;
  record.text = std::string(Name(action.state)) + ": " + action.reason;
  if (!action.effect.empty()) record.text += "; " + action.effect;
  history_.Record(record);
}

}  // namespace stirbar
