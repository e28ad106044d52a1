#include "supervisor/mitigate/stuck_ladder.h"

#include <algorithm>

namespace stirbar {
namespace {

constexpr double kRecordWithinSeconds = 1;
constexpr uint64_t kHourNs = 3'600'000'000'000;
constexpr uint64_t kCrewWithinNs = 30'000'000'000;

bool IsOverdue(const InFlightSample& request) {
  return !IsStream(request) && request.age_seconds >= request.limit_seconds;
}

bool Serves(const WorkerSample& worker) {
  return worker.alive && worker.state == WorkerState::kServing;
}

uint64_t CrewOf(const Sample& sample) {
  return static_cast<uint64_t>(std::count_if(sample.workers.begin(), sample.workers.end(), Serves));
}

// Whether a request that comes now would be answered by this worker.
bool CanAnswer(const WorkerSample& worker, const WorkerVerdict& verdict) {
  const uint32_t slots = std::max(worker.capacity, 1U);
  return Serves(worker) && !verdict.hung && worker.in_flight < slots;
}

bool StartsWorkers(ServerKind kind) {
  return kind == ServerKind::kGunicorn || kind == ServerKind::kUwsgi;
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
                                           bool replacing) {
  free_ = IsFree(sample, replacing);
  while (!replaced_ns_.empty() && replaced_ns_.front() + kHourNs <= sample.tick.now_ns) {
    replaced_ns_.pop_front();
  }
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
  std::string why_not = WhyNot(request, sample, verdicts);
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
  replaced_ns_.push_back(sample.tick.now_ns);
  crew_ = CrewOf(sample);
  ended_ns_.reset();
  return StuckAction{StuckStep::kReplace, &request, ""};
}

// Whether another worker may be replaced: the last one has ended and its successor serves.
bool StuckLadder::IsFree(const Sample& sample, bool replacing) {
  if (!crew_.has_value()) return true;
  if (replacing) return false;
  if (!ended_ns_.has_value()) ended_ns_ = sample.tick.now_ns;
  if (CrewOf(sample) < *crew_ && sample.tick.now_ns < *ended_ns_ + kCrewWithinNs) return false;
  crew_.reset();
  return true;
}

// Empty: it may be replaced.
std::string StuckLadder::WhyNot(const InFlightSample& request, const Sample& sample,
                                const std::vector<WorkerVerdict>& verdicts) const {
  bool others = false;
  bool others_answer = false;
  bool answers = false;
  ServerKind server = ServerKind::kUnknown;
  for (size_t i = 0; i < sample.workers.size() && i < verdicts.size(); ++i) {
    const WorkerSample& worker = sample.workers[i];
    const bool can_answer = CanAnswer(worker, verdicts[i]);
    if (worker.slot == request.slot) {
      server = worker.server_kind;
      answers = can_answer;
    } else {
      others = others || Serves(worker);
      others_answer = others_answer || can_answer;
    }
  }
  if (!StartsWorkers(server)) {
    return std::string(Name(server)) + " has no master that starts a new worker";
  }
  if (!others) return "it is the only worker";
  if (answers && !others_answer) return "it is the last worker that can answer";
  const auto limit = static_cast<size_t>(sample.settings.replacements_per_hour);
  if (replaced_ns_.size() >= limit) {
    return std::to_string(replaced_ns_.size()) +
           " workers were replaced in the last hour (replacements_per_hour)";
  }
  return "";
}

}  // namespace stirbar
