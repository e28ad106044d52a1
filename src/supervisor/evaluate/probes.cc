#include "supervisor/evaluate/probes.h"

#include <algorithm>

#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

// gunicorn's master listens before its workers have imported the app. Only after this long without
// a worker's report is a listening socket taken for a server that has no probe.
constexpr double kReportGrace = 10;
constexpr double kWorkerGrace = 30;  // a server that restarts its workers has one by then
constexpr double kNothingDone = 5;   // as long as a request may take before it is slow, by default

ProbeAnswer Fail(std::string reason) { return {Status::kCritical, std::move(reason)}; }

std::string ServerEnded(const Sample& sample) {
  return "the server process" +
         (sample.server_pid ? " (pid " + std::to_string(*sample.server_pid) + ")" : "") +
         " has ended";
}

bool AnyWorkerEver(const Sample& sample) {
  return !sample.workers.empty() || sample.totals.workers_exited + sample.totals.workers_died > 0 ||
         sample.totals.requests > 0;
}

struct Roll {
  size_t present = 0;
  size_t answering = 0;
  size_t hung = 0;
  size_t stuck = 0;
  const WorkerVerdict* first_hung = nullptr;
  double hung_seconds = 0;  // for how long at least one of them has been the last to hang
};

Roll CallRoll(const std::vector<WorkerVerdict>& verdicts) {
  Roll roll;
  for (const WorkerVerdict& verdict : verdicts) {
    if (!IsPresent(verdict)) continue;
    ++roll.present;
    if (Answers(verdict)) ++roll.answering;
    if (verdict.condition == WorkerCondition::kStuck) ++roll.stuck;
    if (!verdict.hung) continue;
    ++roll.hung;
    if (roll.first_hung == nullptr) {
      roll.first_hung = &verdict;
      roll.hung_seconds = verdict.hung_seconds;
    }
    roll.hung_seconds = std::min(roll.hung_seconds, verdict.hung_seconds);
  }
  return roll;
}

std::string HungText(const Roll& roll) {
  return WorkerText(roll.first_hung->slot, roll.first_hung->pid) + ": " + roll.first_hung->reason;
}

uint64_t WaitingConnections(const Sample& sample) {
  uint64_t waiting = 0;
  for (const ListenerSample& listener : sample.listeners) waiting += listener.depth;
  return waiting;
}

}  // namespace

ProbeAnswer Startup(const Sample& sample, const Presence& presence) {
  const bool serves =
      std::any_of(sample.workers.begin(), sample.workers.end(), [](const WorkerSample& worker) {
        return worker.state == WorkerState::kServing || worker.state == WorkerState::kExiting;
      });
  if (serves || sample.totals.requests > 0) return {};
  if (!sample.server_alive) return Fail(ServerEnded(sample));
  if (!sample.workers.empty()) {
    return Fail("no worker serves yet, " + CountText(sample.workers.size(), "worker") +
                " starting");
  }
  if (AnyWorkerEver(sample)) return Fail("no worker has served, the last one ended while starting");
  if (sample.listeners.empty()) return Fail("no worker has reported and no socket listens yet");
  if (presence.watched_seconds < kReportGrace) return Fail("no worker has reported yet");
  return {Status::kHealthy, "a socket listens; its workers do not report"};
}

ProbeAnswer Ready(const Sample& sample, const std::vector<WorkerVerdict>& verdicts,
                  const Presence& presence) {
  if (!sample.server_alive) return Fail(ServerEnded(sample));
  const ProbeAnswer startup = Startup(sample, presence);
  if (startup.status != Status::kHealthy) return startup;
  if (!AnyWorkerEver(sample)) return startup;

  const Roll roll = CallRoll(verdicts);
  if (roll.present == 0) return Fail("no worker process");
  const std::string all = CountText(roll.present, "worker");
  if (roll.answering == 0) {
    if (roll.hung == 0) return Fail("no worker serves, " + all + " starting");
    return Fail("none of " + all + " answers; " + HungText(roll));
  }
  const uint64_t waiting = WaitingConnections(sample);
  const double idle_seconds = sample.recent.last_completion_age_seconds;
  if (waiting > 0 && idle_seconds >= kNothingDone && roll.stuck + roll.hung == roll.present) {
    return Fail("no request has ended for " + SecondsText(idle_seconds) + " while " +
                CountText(waiting, "connection") + " wait" + (waiting == 1 ? "s" : "") +
                ": every worker is stuck or hung");
  }
  if (roll.hung == 0) return {};
  return {Status::kWarning, std::to_string(roll.answering) + " of " + all +
                                (roll.answering == 1 ? " answers; " : " answer; ") +
                                HungText(roll)};
}

ProbeAnswer Live(const Sample& sample, const std::vector<WorkerVerdict>& verdicts,
                 const Presence& presence) {
  if (!sample.server_alive) return Fail(ServerEnded(sample));
  if (AnyWorkerEver(sample) && presence.without_worker_seconds > kWorkerGrace) {
    return Fail("no worker process for " + SecondsText(presence.without_worker_seconds));
  }
  const Roll roll = CallRoll(verdicts);
  if (roll.present > 0 && roll.hung == roll.present &&
      roll.hung_seconds > sample.settings.hang_limit) {
    return Fail("every worker has been hung for " + SecondsText(roll.hung_seconds) + "; " +
                HungText(roll));
  }
  return {};
}

}  // namespace stirbar
