#include "supervisor/mitigate/stuck_mitigator.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "segment/events.h"

namespace stirbar {
namespace {

constexpr uint64_t kAnswerWithinNs = 1'000'000'000;
constexpr double kLeaveWithinSeconds = 5;

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

ActionSample ActionOf(ActionKind kind, const InFlightSample& request, std::string reason) {
  ActionSample action;
  action.kind = kind;
  action.state = ActionState::kRunning;
  action.slot = request.slot;
  action.pid = request.pid;
  action.reason = std::move(reason);
  return action;
}

}  // namespace

void StuckMitigator::Act(const Sample& sample, const Evaluation& evaluation) {
  std::erase_if(interrupts_, [&](Interrupt& interrupt) { return Check(sample, &interrupt); });
  for (const StuckAction& action :
       ladder_.Next(sample, evaluation.assessment.workers, replacement_.budget())) {
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
      Withhold(ActionKind::kInterrupt, request,
               "would interrupt " + what + " in " + WorkerText(request) + ": " + action.reason);
      break;
    case StuckStep::kWithholdReplace:
      Withhold(ActionKind::kRecycle, request,
               "would replace " + WorkerText(request) + " for " + what + ": " + action.reason);
      break;
    case StuckStep::kForgoReplace:
      Withhold(ActionKind::kRecycle, request,
               WorkerText(request) + " is not replaced for " + what + ": " + action.reason);
      break;
  }
}

void StuckMitigator::BeginInterrupt(const InFlightSample& request, const Sample& sample) {
  const std::optional<Order> order = desk_.AskInterrupt(request, sample.tick.now_ns);
  if (!order) return;  // it is at another order; the ladder asks again
  ladder_.NoteInterrupt(request);
  const std::string route = LabelOf(request, sample);
  ActionSample action =
      ActionOf(ActionKind::kInterrupt, request, route + " is stuck (" + AgeText(request) + ")");
  action.number = actions_.Add(action);
  interrupts_.push_back({*order, request, route, std::move(action)});
}

bool StuckMitigator::Check(const Sample& sample, Interrupt* interrupt) {
  InFlightSample& request = interrupt->request;
  const double waited = Seconds(AgeOf(request.started_ns, sample.tick.now_ns));
  switch (desk_.StateOf(interrupt->order)) {
    case OrderState::kGone:
      interrupt->action.state = ActionState::kFailed;
      interrupt->action.effect = "its worker has ended meanwhile";
      actions_.Update(interrupt->action);
      return true;
    case OrderState::kDone:
      interrupt->action.state = ActionState::kDone;
      interrupt->action.seconds = Seconds(AgeOf(interrupt->order.given_ns, sample.tick.now_ns));
      interrupt->action.helped =
          desk_.Answer(interrupt->order).interrupted.load(std::memory_order_relaxed) != 0;
      interrupt->action.effect =
          *interrupt->action.helped ? "interrupted" : "it had ended by itself";
      actions_.Update(interrupt->action);
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
  const std::string route = LabelOf(request, sample);
  ActionSample action =
      ActionOf(ActionKind::kRecycle, request, route + " is stuck (" + AgeText(request) + ")");
  const auto place =
      std::find_if(sample.workers.begin(), sample.workers.end(),
                   [&](const WorkerSample& worker) { return worker.slot == request.slot; });
  if (place != sample.workers.end() && place->process.rss_bytes > 0) {
    action.before_bytes = static_cast<double>(place->process.rss_bytes);
  }
  const auto begun_action = std::make_shared<ActionSample>(std::move(action));
  const WorkerReplacement::Order order{request.slot, request.pid, kLeaveWithinSeconds};
  const bool begun =
      replacement_.Begin(order, sample,
                         [this, begun_action, request, route](
                             const Sample&, const WorkerReplacement::Outcome& outcome) {
                           EndReplacement(*begun_action, request, outcome, route);
                         });
  if (begun) begun_action->number = actions_.Add(*begun_action);
}

void StuckMitigator::EndReplacement(const ActionSample& begun, const InFlightSample& request,
                                    const WorkerReplacement::Outcome& outcome,
                                    const std::string& route) {
  const std::string how = outcome.killed ? "SIGKILL, 5 s after SIGTERM" : "it left at SIGTERM";
  Note(EventKind::kWorkerReplaced, request,
       WorkerText(request) + " replaced: " + route + " ran for " + AgeText(request) + "; " + how);
  ActionSample action = begun;
  action.state = ActionState::kDone;
  action.effect = how;
  action.seconds = outcome.seconds;
  action.helped = true;
  actions_.Update(action);
}

void StuckMitigator::Withhold(ActionKind kind, const InFlightSample& request,
                              const std::string& text) {
  Note(EventKind::kActionWithheld, request, text);
  ActionSample action = ActionOf(kind, request, text);
  action.state = ActionState::kWithheld;
  actions_.Add(std::move(action));
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
