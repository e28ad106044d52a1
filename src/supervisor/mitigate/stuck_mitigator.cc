#include "supervisor/mitigate/stuck_mitigator.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "segment/events.h"
#include "segment/identity.h"

namespace stirbar {
namespace {

constexpr uint64_t kAnswerWithinNs = 1'000'000'000;
constexpr uint64_t kLeaveWithinNs = 5'000'000'000;

std::string LabelOf(const InFlightSample& request, const Sample& sample) {
  const auto route = std::find_if(sample.routes.begin(), sample.routes.end(),
                                  [&](const RouteSample& one) { return one.id == request.route; });
  if (route == sample.routes.end()) return RouteLabel(request.method, request.route, "");
  return RouteLabel(route->method, route->id, route->rule);
}

std::string SecondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

std::string AgeText(const InFlightSample& request) {
  return SecondsText(request.age_seconds) + ", limit " + SecondsText(request.limit_seconds);
}

std::string WorkerText(const InFlightSample& request) {
  return "worker " + std::to_string(request.slot) + " (pid " + std::to_string(request.pid) + ")";
}

// Signals the very process that `identity` was made from; nothing where it has ended.
void Signal(ProcessIdentity identity, int signal) {
  if (IsRunning(identity)) kill(static_cast<pid_t>(PidOf(identity)), signal);
}

}  // namespace

void StuckMitigator::Act(const Sample& sample, const Evaluation& evaluation) {
  std::erase_if(interrupts_, [&](Interrupt& interrupt) { return Check(sample, &interrupt); });
  if (replacement_) CheckReplacement(sample);
  const bool replacing = replacement_.has_value();
  for (const StuckAction& action : ladder_.Next(sample, evaluation.assessment.workers, replacing)) {
    Step(action, sample);
  }
}

void StuckMitigator::Step(const StuckAction& action, const Sample& sample) {
  const InFlightSample& request = *action.request;
  const std::string what = LabelOf(request, sample) + " (" + AgeText(request) + ")";
  switch (action.step) {
    case StuckStep::kInterrupt:
      BeginInterrupt(request, sample);
      break;
    case StuckStep::kReplace:
      BeginReplacement(request, sample);
      break;
    case StuckStep::kWithholdInterrupt:
      Note(EventKind::kActionWithheld, request,
           "would interrupt " + what + " in " + WorkerText(request) + ": " + action.reason);
      break;
    case StuckStep::kWithholdReplace:
      Note(EventKind::kActionWithheld, request,
           "would replace " + WorkerText(request) + " for " + what + ": " + action.reason);
      break;
    case StuckStep::kForgoReplace:
      Note(EventKind::kActionWithheld, request,
           WorkerText(request) + " is not replaced for " + what + ": " + action.reason);
      break;
  }
}

void StuckMitigator::BeginInterrupt(const InFlightSample& request, const Sample& sample) {
  const std::optional<Order> order = desk_.AskInterrupt(request, sample.tick.now_ns);
  if (!order) return;  // it is at another order; the ladder asks again
  ladder_.NoteInterrupt(request);
  interrupts_.push_back({*order, request, LabelOf(request, sample)});
}

bool StuckMitigator::Check(const Sample& sample, Interrupt* interrupt) {
  InFlightSample& request = interrupt->request;
  const double waited = Seconds(AgeOf(request.started_ns, sample.tick.now_ns));
  switch (desk_.StateOf(interrupt->order)) {
    case OrderState::kGone:
      return true;
    case OrderState::kDone:
      // Not interrupted: it had ended by itself.
      if (desk_.Answer(interrupt->order).interrupted.load(std::memory_order_relaxed) != 0) {
        request.age_seconds = waited;
        MarkInterrupted(request);
        Note(EventKind::kRequestInterrupted, request,
             interrupt->route + " interrupted after " + AgeText(request) + ", in " +
                 WorkerText(request));
      }
      return true;
    case OrderState::kOpen:
      break;
  }
  if (!interrupt->told &&
      AgeOf(interrupt->order.given_ns, sample.tick.now_ns) >= Nanoseconds(kAnswerWithinNs)) {
    interrupt->told = true;
    request.age_seconds = waited;
    Note(EventKind::kActionWithheld, request,
         interrupt->route + " (" + AgeText(request) + ") cannot be interrupted: " +
             WorkerText(request) + " does not take the order, its interpreter lock is held");
  }
  return false;
}

void StuckMitigator::MarkInterrupted(const InFlightSample& request) {
  InFlight& entry = segment_.workers[request.slot].in_flight[request.index];
  if (entry.started_ns.load(std::memory_order_acquire) != request.started_ns) return;
  // Only the supervisor writes `stuck`, all of it on one thread.
  entry.stuck.store(entry.stuck.load(std::memory_order_relaxed) | kStuckInterrupted,
                    std::memory_order_relaxed);
}

void StuckMitigator::BeginReplacement(const InFlightSample& request, const Sample& sample) {
  const ProcessIdentity owner =
      segment_.workers[request.slot].owner.load(std::memory_order_acquire);
  if (PidOf(owner) != request.pid) return;  // it has ended since the sample was taken
  replacement_ = Replacement{owner, request, LabelOf(request, sample), sample.tick.now_ns};
  Signal(owner, SIGTERM);
}

void StuckMitigator::CheckReplacement(const Sample& sample) {
  Replacement& replacement = *replacement_;
  if (!IsRunning(replacement.worker)) {
    Note(EventKind::kWorkerReplaced, replacement.request,
         WorkerText(replacement.request) + " replaced: " + replacement.route + " ran for " +
             AgeText(replacement.request) +
             (replacement.killed ? "; SIGKILL, 5 s after SIGTERM" : "; it left at SIGTERM"));
    replacement_.reset();
    return;
  }
  const bool late = AgeOf(replacement.began_ns, sample.tick.now_ns) >= Nanoseconds(kLeaveWithinNs);
  if (!late || replacement.killed) return;
  replacement.killed = true;
  Signal(replacement.worker, SIGKILL);
}

void StuckMitigator::Note(EventKind kind, const InFlightSample& request, const std::string& text) {
  const double value = kind == EventKind::kWorkerReplaced
                           ? request.age_seconds - request.limit_seconds
                           : request.age_seconds;
  AppendEvent(segment_,
              {.kind = kind,
               .severity = Severity::kWarning,
               .slot = request.slot,
               .pid = request.pid,
               .route = request.route,
               .value = value},
              text);
}

}  // namespace stirbar
