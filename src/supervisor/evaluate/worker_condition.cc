#include "supervisor/evaluate/worker_condition.h"

#include <algorithm>

#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

// From a tenth of the time lost on, pressure is named as the likely cause of a silence.
constexpr double kPressure = 0.1;

bool LockIsHeld(const WorkerSample& worker, const Settings& settings) {
  if (worker.lock_probe == LockProbe::kUnavailable) return false;
  const double limit = settings.lock_wait_critical_threshold;
  if (worker.lock_wait_seconds < limit) return false;
  // A wait that only lasts because the process does not run is no held lock: a beat must have come
  // late in it.
  return worker.heartbeat_age_seconds < kMissedBeats ||
         worker.lock_wait_seconds - worker.heartbeat_age_seconds >= limit;
}

WorkerCondition ConditionOf(const WorkerSample& worker, const Settings& settings) {
  const char state = worker.process.state;
  const bool beats = worker.heartbeat_age_seconds < kMissedBeats;
  if (!worker.alive || (!beats && (state == 'Z' || state == 'X'))) return WorkerCondition::kDead;
  if (!beats && (state == 'T' || state == 't')) return WorkerCondition::kStopped;
  if (worker.state == WorkerState::kExiting) return WorkerCondition::kExiting;
  if (worker.state != WorkerState::kServing) return WorkerCondition::kStarting;
  if (LockIsHeld(worker, settings)) return WorkerCondition::kLockHeld;
  if (worker.heartbeat_age_seconds >= settings.heartbeat_critical_threshold) {
    return WorkerCondition::kSilent;
  }
  if (worker.oldest_request_seconds >= settings.slow_request_threshold) {
    return WorkerCondition::kStuck;
  }
  return worker.in_flight + worker.streaming > 0 ? WorkerCondition::kBusy : WorkerCondition::kIdle;
}

std::string InFlightText(const WorkerSample& worker) {
  return CountText(worker.in_flight, "request") + " in flight";
}

std::string StoppedReason(const WorkerSample& worker) {
  const std::string age = SecondsText(worker.heartbeat_age_seconds);
  std::string reason = worker.process.state == 't' ? "held by a debugger for " + age
                                                   : "stopped for " + age + " (SIGSTOP)";
  if (worker.in_flight > 0) reason += " with " + InFlightText(worker);
  return reason;
}

std::string BusyReason(const WorkerSample& worker) {
  if (worker.in_flight <= worker.streaming) return CountText(worker.streaming, "stream") + " open";
  return InFlightText(worker) + ", the oldest for " + SecondsText(worker.oldest_request_seconds);
}

std::string ReasonFor(WorkerCondition condition, const WorkerSample& worker, const Sample& sample) {
  switch (condition) {
    case WorkerCondition::kDead:
      return worker.state == WorkerState::kExiting ? "process ended in good order" : "process died";
    case WorkerCondition::kStopped:
      return StoppedReason(worker);
    case WorkerCondition::kExiting:
      return "shutting down, " + InFlightText(worker);
    case WorkerCondition::kStarting:
      return "started " + SecondsText(worker.age_seconds) + " ago, does not serve yet";
    case WorkerCondition::kLockHeld:
      return LockText(worker, sample);
    case WorkerCondition::kSilent:
      return SilenceText(worker, sample);
    case WorkerCondition::kStuck:
      return RequestAgeText(worker, sample);
    case WorkerCondition::kBusy:
      return BusyReason(worker);
    case WorkerCondition::kIdle:
      return "waits for requests";
  }
  return "";
}

bool IsHung(WorkerCondition condition) {
  return condition == WorkerCondition::kStopped || condition == WorkerCondition::kLockHeld ||
         condition == WorkerCondition::kSilent;
}

Status StatusOf(const WorkerVerdict& verdict, const WorkerSample& worker) {
  switch (verdict.condition) {
    case WorkerCondition::kDead:  // having said goodbye is no trouble
      return worker.state == WorkerState::kExiting ? Status::kHealthy : Status::kCritical;
    case WorkerCondition::kStopped:
    case WorkerCondition::kLockHeld:
    case WorkerCondition::kSilent:
      return Status::kCritical;
    case WorkerCondition::kStuck:
      return Status::kWarning;
    case WorkerCondition::kExiting:  // its threads have ended: the last beat is when it began
      return worker.heartbeat_age_seconds >= kPatience ? Status::kWarning : Status::kHealthy;
    case WorkerCondition::kStarting:
      return worker.age_seconds >= kPatience ? Status::kWarning : Status::kHealthy;
    case WorkerCondition::kBusy:
    case WorkerCondition::kIdle:
      return Status::kHealthy;
  }
  return Status::kHealthy;
}

// A worker that still answers, but on the way to not doing so.
void NoteWarnings(const WorkerSample& worker, const Settings& settings, WorkerVerdict* verdict) {
  if (!Answers(*verdict)) return;
  if (worker.lock_probe == LockProbe::kRunning &&
      worker.lock_wait_seconds >= settings.lock_wait_warning_threshold) {
    verdict->status = Status::kWarning;
    verdict->reason +=
        "; interpreter lock waited for since " + SecondsText(worker.lock_wait_seconds);
  }
  if (worker.heartbeat_age_seconds >= settings.heartbeat_warning_threshold) {
    verdict->status = Status::kWarning;
    verdict->reason += "; no sign of life for " + SecondsText(worker.heartbeat_age_seconds);
  }
}

}  // namespace

bool Answers(const WorkerVerdict& verdict) {
  return verdict.condition == WorkerCondition::kIdle ||
         verdict.condition == WorkerCondition::kBusy ||
         verdict.condition == WorkerCondition::kStuck;
}

bool IsPresent(const WorkerVerdict& verdict) {
  return verdict.condition != WorkerCondition::kDead &&
         verdict.condition != WorkerCondition::kExiting;
}

std::string LockText(const WorkerSample& worker, const Sample& sample) {
  const std::string held = "interpreter lock held for " + SecondsText(worker.lock_wait_seconds);
  const std::vector<const InFlightSample*> suspects = LockSuspects(worker, sample);
  if (suspects.empty()) return held + " by a thread outside any request seen";
  std::vector<std::string> names;
  for (const InFlightSample* request : suspects) names.push_back(RequestText(*request, sample));
  if (names.size() == 1) return held + " while " + names[0] + " runs";
  return held + " while " + ListText(names) + " run";
}

std::string SilenceText(const WorkerSample& worker, const Sample& sample) {
  const std::string silent = "no sign of life for " + SecondsText(worker.heartbeat_age_seconds);
  const PressureSample& pressure = sample.machine.pressure;  // NaN compares as false
  const char state = worker.process.state;
  if (state == 'D') {
    std::string reason = silent + ": waits for the disk or for swapped-out memory (state D";
    if (pressure.io_some >= kPressure) reason += ", IO pressure " + PercentText(pressure.io_some);
    return reason + ")";
  }
  if (pressure.memory_full >= kPressure) {
    return silent + ": short of memory (memory pressure " + PercentText(pressure.memory_full) + ")";
  }
  if (pressure.cpu_some >= kPressure) {
    return silent + ": starved of CPU (CPU pressure " + PercentText(pressure.cpu_some) + ")";
  }
  if (state == 'R') return silent + ": ready to run but gets no CPU (state R)";
  return silent + " though state " + state + ": its cgroup is frozen or its beat thread is gone";
}

std::string RequestAgeText(const WorkerSample& worker, const Sample& sample) {
  const auto oldest = std::find_if(sample.in_flight.begin(), sample.in_flight.end(),
                                   [&](const InFlightSample& request) {
                                     return request.slot == worker.slot && !IsStream(request);
                                   });
  std::string reason = oldest == sample.in_flight.end() ? "a request not seen in flight"
                                                        : RequestText(*oldest, sample);
  reason += " has run for " + SecondsText(worker.oldest_request_seconds);
  if (worker.in_flight > 1) reason += ", " + InFlightText(worker) + " in all";
  return reason;
}

const InFlightSample* MostOverdue(const WorkerSample& worker, const Sample& sample) {
  const InFlightSample* most = nullptr;
  const auto over = [](const InFlightSample& request) {
    return request.age_seconds - request.limit_seconds;
  };
  for (const InFlightSample& request : sample.in_flight) {
    if (request.slot != worker.slot || IsStream(request) || over(request) < 0) continue;
    if (most == nullptr || over(request) > over(*most)) most = &request;
  }
  return most;
}

std::vector<const InFlightSample*> LockSuspects(const WorkerSample& worker, const Sample& sample) {
  // The request may begin up to one knock (100 ms) after the wait that its hold made long.
  constexpr double kKnock = 0.1;
  std::vector<const InFlightSample*> suspects;
  for (const InFlightSample& request : sample.in_flight) {
    if (request.slot != worker.slot) continue;
    if (request.age_seconds + kKnock >= worker.lock_wait_seconds) suspects.push_back(&request);
  }
  std::stable_sort(suspects.begin(), suspects.end(),
                   [](const InFlightSample* left, const InFlightSample* right) {
                     return left->phase_age_seconds < right->phase_age_seconds;
                   });
  return suspects;
}

WorkerVerdict JudgeWorker(const WorkerSample& worker, const Sample& sample) {
  WorkerVerdict verdict;
  verdict.slot = worker.slot;
  verdict.pid = worker.pid;
  verdict.condition = ConditionOf(worker, sample.settings);
  verdict.hung = IsHung(verdict.condition);
  if (verdict.hung) {
    verdict.hung_seconds = verdict.condition == WorkerCondition::kLockHeld
                               ? worker.lock_wait_seconds
                               : worker.heartbeat_age_seconds;
  }
  verdict.status = StatusOf(verdict, worker);
  verdict.reason = ReasonFor(verdict.condition, worker, sample);
  NoteWarnings(worker, sample.settings, &verdict);
  return verdict;
}

}  // namespace stirbar
