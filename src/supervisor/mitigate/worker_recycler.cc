#include "supervisor/mitigate/worker_recycler.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "segment/events.h"

namespace stirbar {
namespace {

constexpr uint64_t kFreshIfUnknownBytes = 64'000'000;
constexpr double kNewSeconds = 30;
constexpr double kHelpfulShare = 0.5;

std::string MegabytesText(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", bytes * 1e-6);
  return text;
}

double WorkersBytes(const Sample& sample) {
  double bytes = 0;
  for (const WorkerSample& worker : sample.workers) {
    if (worker.alive) bytes += static_cast<double>(worker.process.rss_bytes);
  }
  return bytes;
}

std::string WorkerText(const WorkerSample& worker) {
  return "worker " + std::to_string(worker.slot) + " (pid " + std::to_string(worker.pid) + ")";
}

ActionSample ActionOf(const WorkerSample& worker, const WorkerRecycler::Request& request) {
  ActionSample action;
  action.kind = ActionKind::kRecycle;
  action.slot = worker.slot;
  action.pid = worker.pid;
  action.actor = request.actor;
  action.reason = request.reason;
  return action;
}

}  // namespace

void WorkerRecycler::Act(const Sample& sample, const Evaluation&) {
  LearnFresh(sample);
  // Free: its successor serves, or has not come.
  if (running_ && running_->outcome && replacement_.budget().IsFree() && sample.tick.full) {
    Close(sample);
  }
}

void WorkerRecycler::LearnFresh(const Sample& sample) {
  for (auto& [incarnation, present] : seen_) present = false;
  for (const WorkerSample& worker : sample.workers) {
    if (worker.state != WorkerState::kServing || worker.process.rss_bytes == 0) continue;
    const auto [place, is_new] = seen_.try_emplace(worker.incarnation, true);
    place->second = true;
    if (!is_new) continue;
    const uint64_t bytes = worker.age_seconds <= kNewSeconds
                               ? worker.process.rss_bytes
                               : std::min(worker.process.rss_bytes, kFreshIfUnknownBytes);
    fresh_bytes_ = std::min(fresh_bytes_.value_or(bytes), bytes);
  }
  std::erase_if(seen_, [](const auto& entry) { return !entry.second; });
}

double WorkerRecycler::ExpectedGain(const WorkerSample& worker) const {
  const uint64_t bytes = worker.process.rss_bytes;
  const uint64_t fresh = fresh_bytes_.value_or(kFreshIfUnknownBytes);
  return bytes > fresh ? static_cast<double>(bytes - fresh) : 0;
}

bool WorkerRecycler::Begin(const WorkerSample& worker, const Request& request,
                           const Sample& sample) {
  const bool begun =
      replacement_.Begin({worker.slot, worker.pid, sample.settings.recycle_drain_timeout}, sample,
                         [this](const Sample&, const WorkerReplacement::Outcome& outcome) {
                           if (running_) running_->outcome = outcome;
                         });
  if (!begun) return false;
  Running running;
  running.expected_bytes = ExpectedGain(worker);
  running.action = ActionOf(worker, request);
  running.action.state = ActionState::kRunning;
  running.action.before_bytes = WorkersBytes(sample);
  running.action.effect = "asked to end its requests and leave; " +
                          MegabytesText(running.expected_bytes) + " expected back";
  running.action.number = actions_.Add(running.action);
  running_ = std::move(running);
  return true;
}

void WorkerRecycler::Withhold(const WorkerSample& worker, const Request& request,
                              const std::string& why) {
  ActionSample action = ActionOf(worker, request);
  action.state = ActionState::kWithheld;
  action.before_bytes = static_cast<double>(worker.process.rss_bytes);
  action.effect = why;
  AppendEvent(segment_,
              {.kind = EventKind::kActionWithheld,
               .severity = Severity::kWarning,
               .slot = worker.slot,
               .pid = worker.pid},
              WorkerText(worker) + " is not recycled: " + why + "; " + request.reason);
  actions_.Add(std::move(action));
}

void WorkerRecycler::Close(const Sample& sample) {
  const Running running = *std::exchange(running_, std::nullopt);
  ActionSample action = running.action;
  action.state = ActionState::kDone;
  action.after_bytes = WorkersBytes(sample);
  action.seconds = running.outcome->seconds;
  const double freed = action.before_bytes - action.after_bytes;
  helped_ = freed >= kHelpfulShare * running.expected_bytes;
  action.helped = helped_;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f s", action.seconds);
  action.effect = (running.outcome->killed ? "killed after " : "left by itself within ") +
                  std::string(seconds) + "; all workers together " +
                  MegabytesText(action.before_bytes) + " before, " +
                  MegabytesText(action.after_bytes) + " when its successor served";
  actions_.Update(action);
  AppendEvent(segment_,
              {.kind = EventKind::kWorkerReplaced,
               .severity = Severity::kWarning,
               .slot = action.slot.value_or(kMaxWorkers),
               .pid = action.pid,
               .value = action.seconds},
              "worker " + std::to_string(action.slot.value_or(0)) + " (pid " +
                  std::to_string(action.pid) + ") recycled: " + action.reason + "; " +
                  action.effect);
}

}  // namespace stirbar
