#include "supervisor/mitigate/stuck_ladder.h"

#include <string>
#include <string_view>

namespace stirbar {
namespace {

constexpr double kRecordWithinSeconds = 1;

bool IsOverdue(const InFlightSample& request) {
  return !IsStream(request) && request.age_seconds >= request.limit_seconds;
}

// Why a rung does not act though it is not off.
std::string ObserveReason(std::string_view setting, const Settings& settings) {
  if (settings.observe_only != 0) return "observe_only is on";
  return std::string(setting) + " is observe";
}

}  // namespace

StuckLadder::Key StuckLadder::KeyOf(const InFlightSample& request) {
  return {request.slot, request.index, request.started_ns};
}

std::vector<StuckAction> StuckLadder::Next(const Sample& sample,
                                           const std::vector<WorkerVerdict>& verdicts,
                                           const ReplacementBudget& budget) {
  budget_ = &budget;
  free_ = budget.IsFree();
  for (auto& [key, memory] : requests_) memory.seen = false;
  std::vector<StuckAction> actions;
  for (const InFlightSample& request : sample.in_flight) {  // oldest first
    if (!IsOverdue(request)) continue;
    Memory& memory = requests_[KeyOf(request)];
    memory.seen = true;
    if (auto action = NextInterrupt(request, sample, &memory)) actions.push_back(*action);
    if (auto action = NextReplace(request, sample, verdicts, &memory)) actions.push_back(*action);
  }
  std::erase_if(requests_, [](const auto& entry) { return !entry.second.seen; });
  return actions;
}

void StuckLadder::NoteInterrupt(const InFlightSample& request) {
  const auto place = requests_.find(KeyOf(request));
  if (place != requests_.end()) place->second.interrupt_done = true;
}

std::optional<StuckAction> StuckLadder::NextInterrupt(const InFlightSample& request,
                                                      const Sample& sample, Memory* memory) const {
  const Settings& settings = sample.settings;
  const double mode = EffectiveMode(settings.stuck_request_interrupt, settings.observe_only);
  const bool interrupted = (request.stuck & kStuckInterrupted) != 0;  // by a supervisor before
  if (mode == kModeOff || memory->interrupt_done || interrupted) return std::nullopt;
  if (request.phase != RequestPhase::kHandling) return std::nullopt;
  const bool unrecorded =
      settings.stuck_request_record == kModeOn && (request.stuck & kStuckRecorded) == 0;
  if (unrecorded && request.age_seconds < request.limit_seconds + kRecordWithinSeconds) {
    return std::nullopt;  // its stack must not be that of the interruption
  }
  if (mode == kModeOn) return StuckAction{StuckStep::kInterrupt, &request, ""};
  memory->interrupt_done = true;
  return StuckAction{StuckStep::kWithholdInterrupt, &request,
                     ObserveReason("stuck_request_interrupt", settings)};
}

std::optional<StuckAction> StuckLadder::NextReplace(const InFlightSample& request,
                                                    const Sample& sample,
                                                    const std::vector<WorkerVerdict>& verdicts,
                                                    Memory* memory) {
  const Settings& settings = sample.settings;
  const double mode = EffectiveMode(settings.stuck_request_replace, settings.observe_only);
  const double after = request.limit_seconds + settings.stuck_request_replace_after;
  if (mode == kModeOff || memory->replace_told || request.age_seconds < after) return std::nullopt;
  std::string why_not = budget_->WhyNot(request.slot, sample, verdicts);
  if (mode == kModeObserve) {
    memory->replace_told = true;
    std::string reason = ObserveReason("stuck_request_replace", settings);
    if (!why_not.empty()) reason += ", and " + why_not;
    return StuckAction{StuckStep::kWithholdReplace, &request, reason};
  }
  if (!free_) return std::nullopt;
  if (!why_not.empty()) {
    if (memory->forgo_told) return std::nullopt;
    memory->forgo_told = true;
    return StuckAction{StuckStep::kForgoReplace, &request, why_not};
  }
  memory->replace_told = true;
  free_ = false;
  return StuckAction{StuckStep::kReplace, &request, ""};
}

}  // namespace stirbar
