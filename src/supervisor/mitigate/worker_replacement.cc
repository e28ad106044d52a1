#include "supervisor/mitigate/worker_replacement.h"

#include <csignal>
#include <utility>

#include "base/clock.h"
#include "segment/identity.h"

namespace stirbar {
namespace {

// Signals the very process that `identity` was made from; nothing where it has ended.
void Signal(ProcessIdentity identity, int signal) {
  if (IsRunning(identity)) kill(static_cast<pid_t>(PidOf(identity)), signal);
}

}  // namespace

void WorkerReplacement::Act(const Sample& sample, const Evaluation&) {
  if (job_ && !IsRunning(job_->worker)) {
    const Job job = *std::exchange(job_, std::nullopt);
    job.ended(sample, {job.killed, Seconds(AgeOf(job.began_ns, sample.tick.now_ns))});
  } else if (job_ && !job_->killed &&
             Seconds(AgeOf(job_->began_ns, sample.tick.now_ns)) >= job_->drain_seconds) {
    job_->killed = true;
    Signal(job_->worker, SIGKILL);
  }
  budget_.Turn(sample, job_.has_value());
}

bool WorkerReplacement::Begin(const Order& order, const Sample& sample, Ended ended) {
  const ProcessIdentity owner = segment_.workers[order.slot].owner.load(std::memory_order_acquire);
  if (PidOf(owner) != order.pid) return false;
  budget_.Take(sample);
  job_ = Job{owner, order.drain_seconds, sample.tick.now_ns, false, std::move(ended)};
  Signal(owner, SIGTERM);
  return true;
}

}  // namespace stirbar
