#include "supervisor/mitigate/operator_actions.h"

#include <algorithm>

namespace stirbar {
namespace {

const WorkerSample* FindWorker(const Sample& sample, uint32_t pid) {
  const auto place =
      std::find_if(sample.workers.begin(), sample.workers.end(),
                   [&](const WorkerSample& worker) { return worker.pid == pid && worker.alive; });
  return place != sample.workers.end() ? &*place : nullptr;
}

std::string UnknownWorker(const Sample& sample, uint32_t pid) {
  std::string known;
  for (const WorkerSample& worker : sample.workers) {
    if (!worker.alive) continue;
    if (!known.empty()) known += ", ";
    known += std::to_string(worker.pid);
  }
  return "worker: " + std::to_string(pid) + " is no worker of this app; it takes one of " +
         (known.empty() ? "none, as no worker is there" : known);
}

}  // namespace

Result<std::string> OperatorActions::Ask(const ActionRequest& request, const Snapshot& snapshot) {
  const Sample& sample = snapshot.sample;
  if (request.pid && FindWorker(sample, *request.pid) == nullptr) {
    return Error{UnknownWorker(sample, *request.pid)};
  }
  if (!request.dry_run && sample.settings.observe_only != 0) {
    return Error{"observe_only is on: nothing is changed in the app; a dry run is allowed"};
  }
  return request.kind == ActionKind::kRecycle ? Recycle(request, snapshot)
                                              : Clean(request, snapshot);
}

Result<std::string> OperatorActions::Clean(const ActionRequest& request, const Snapshot& snapshot) {
  if (cleanup_.HasRound()) return Error{"a cleanup is under way already"};
  CleanupMitigator::Round round;
  round.reason = "asked for";
  round.actor = request.actor;
  round.pid = request.pid;
  round.dry_run = request.dry_run;
  const size_t workers = cleanup_.BeginRound(round, snapshot.sample, snapshot.evaluation);
  if (workers == 0) {
    return Error{request.pid ? "this worker cannot answer just now: it hangs, starts or ends"
                             : "no worker can answer just now"};
  }
  return (request.dry_run ? std::string("dry run of a cleanup of ") : std::string("cleanup of ")) +
         std::to_string(workers) + (workers == 1 ? " worker" : " workers");
}

Result<std::string> OperatorActions::Recycle(const ActionRequest& request,
                                             const Snapshot& snapshot) {
  const Sample& sample = snapshot.sample;
  if (!request.pid) return Error{"worker: is missing; recycling takes the pid of one worker"};
  const WorkerSample& worker = *FindWorker(sample, *request.pid);
  std::string why =
      recycler_.budget().WhyNot(worker.slot, sample, snapshot.evaluation.assessment.workers);
  if (!recycler_.budget().IsFree()) why = "another worker is being replaced";
  const WorkerRecycler::Request asked{"asked for", request.actor};
  const std::string name =
      "worker " + std::to_string(worker.slot) + " (pid " + std::to_string(worker.pid) + ")";
  if (request.dry_run) {
    recycler_.Withhold(worker, asked, why.empty() ? "a dry run" : "a dry run, and " + why);
    return "dry run: " + name + (why.empty() ? " would be recycled" : " would not be: " + why);
  }
  if (!why.empty()) return Error{name + " is not recycled: " + why};
  if (!recycler_.Begin(worker, asked, sample)) return Error{name + " has just ended by itself"};
  return name + " is recycled";
}

}  // namespace stirbar
