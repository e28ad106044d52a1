#include "supervisor/collect/worker_stacks_reader.h"

#include <algorithm>

#include "supervisor/collect/request_threads.h"

namespace stirbar {
namespace {

// Rounds that must find the same stack: of a thread that has run between them, one more. A short
// loop comes back to the same place, and then a torn walk may look like the one before.
constexpr uint32_t kAgreeing = 2;
constexpr uint32_t kAgreeingWhenRunning = 3;

bool Same(const RawStack& a, const RawStack& b) {
  return a.top == b.top && a.cut == b.cut && a.frames == b.frames;
}

// Whether the thread may have executed anything between two looks at it.
bool HasRun(const std::optional<ThreadStatus>& before, const std::optional<ThreadStatus>& after) {
  return !before || !after || before->state == 'R' || after->state == 'R' ||
         before->times_scheduled != after->times_scheduled || before->run_ns != after->run_ns;
}

}  // namespace

WorkerStacksReader::WorkerStacksReader(const WorkerSample& worker, const InterpreterMap& map,
                                       std::string_view proc, uint64_t end_ns)
    : slot_(worker.slot),
      pid_(worker.pid),
      proc_(proc),
      end_ns_(end_ns),
      memory_(worker.pid),
      codes_(memory_, view_),
      walker_(memory_, view_, &codes_) {
  const Result<InterpreterView> view = ViewOf(map);
  if (!view) {
    unavailable_ = view.error();
    return;
  }
  view_ = *view;
  lock_ = ReadLock(memory_, view_);
  if (!lock_) {
    unavailable_ = WhyUnreadable(pid_, memory_.error());
    return;
  }
  if (view_.Has(kRuntimeMainThread)) {
    memory_.Get(view_.runtime + view_[kRuntimeMainThread], &main_thread_);
  }
  const auto heads = walker_.Threads();
  if (!heads) {
    unavailable_ = "the list of threads changed under every try to read it";
    return;
  }
  for (const ThreadHead& head : *heads) candidates_.emplace_back(head);
}

uint32_t WorkerStacksReader::NativeIdOf(const ThreadHead& head) const {
  // First, because a server that forks behind Python's back (uWSGI) leaves the parent's id there.
  if (head.ident != 0 && head.ident == main_thread_) return pid_;
  return head.native_id;
}

bool WorkerStacksReader::Round() {
  if (!unavailable_.empty()) return false;
  codes_.Forget();
  bool settled = true;
  for (Candidate& candidate : candidates_) {
    if (!HasTime()) return false;
    if (!candidate.settled && !candidate.gone) Look(&candidate);
    settled &= candidate.settled || candidate.gone;
  }
  return !settled;
}

void WorkerStacksReader::Look(Candidate* candidate) {
  candidate->looked_at = true;
  const uint32_t native_id = NativeIdOf(candidate->head);
  std::optional<ThreadStatus> status =
      native_id != 0 ? ReadThreadStatus(proc_, pid_, native_id) : std::nullopt;
  if (native_id != 0 && !status) {
    candidate->gone = true;
    return;
  }
  RawStack stack = walker_.Walk(candidate->head);
  if (!stack.whole) {
    candidate->agreed = 0;
    if (!candidate->newest.whole && stack.frames.size() >= candidate->newest.frames.size()) {
      Keep(std::move(stack), candidate);
    }
  } else if (candidate->agreed > 0 && Same(stack, candidate->newest)) {
    candidate->has_run |= HasRun(candidate->status, status);
    ++candidate->agreed;
    // Anew, and not as in the round before: the objects at these addresses may be others.
    Keep(std::move(stack), candidate);
    candidate->settled =
        candidate->agreed >= (candidate->has_run ? kAgreeingWhenRunning : kAgreeing);
  } else {
    Keep(std::move(stack), candidate);
    candidate->agreed = 1;
    candidate->has_run = false;
  }
  candidate->status = std::move(status);
}

void WorkerStacksReader::Keep(RawStack stack, Candidate* candidate) {
  candidate->frames.clear();
  for (const RawFrame& frame : stack.frames) {
    const CodeText* const code = codes_.Get(frame.code);
    if (code != nullptr) candidate->frames.push_back(codes_.Describe(*code, frame.instruction));
  }
  candidate->newest = std::move(stack);
}

std::string WorkerStacksReader::WaitsFor(const Candidate& candidate, const LockState& lock) const {
  const uint32_t native_id = NativeIdOf(candidate.head);
  if (native_id == 0 || !HasTime()) return "";
  const auto call = ReadSystemCall(proc_, pid_, native_id);
  if (!call) return "";
  if (!IsFutex(*call)) return NameOfSystemCall(call->number);
  return lock.Contains(call->first_argument) ? "interpreter lock" : "a lock";
}

ThreadStack WorkerStacksReader::Describe(const Candidate& candidate, const LockState& lock) const {
  ThreadStack thread;
  thread.thread = NativeIdOf(candidate.head);
  thread.python_thread = candidate.head.ident;
  if (candidate.status) {
    thread.name = candidate.status->name;
    thread.state = candidate.status->state;
  }
  thread.holds_lock = lock.locked && lock.last_holder == candidate.head.state;
  thread.waits_for = WaitsFor(candidate, lock);
  thread.frames = candidate.frames;
  if (candidate.settled) {
    thread.quality = StackQuality::kExact;
    if (candidate.newest.cut) {
      thread.reason = "deeper than " + std::to_string(kMaxStackFrames) +
                      " frames: the outer ones "
                      "are left out";
    }
  } else if (!thread.frames.empty() || candidate.newest.whole) {
    thread.quality = StackQuality::kApproximate;
    thread.reason = "the thread runs: no two reads agreed";
  } else if (!candidate.looked_at) {
    thread.reason = "there was no time to read it";
  } else {
    thread.reason = "the stack changed under every read";
  }
  return thread;
}

WorkerStacks WorkerStacksReader::Finish(const std::vector<InFlightSample>& in_flight) const {
  WorkerStacks stacks;
  stacks.slot = slot_;
  stacks.pid = pid_;
  stacks.unavailable = unavailable_;
  if (!unavailable_.empty()) return stacks;
  // Of now, and not of the begin: it belongs to the newest stacks.
  const LockState lock = ReadLock(memory_, view_).value_or(*lock_);
  stacks.lock_locked = lock.locked;
  for (const Candidate& candidate : candidates_) {
    if (candidate.gone) continue;
    stacks.threads.push_back(Describe(candidate, lock));
    const ThreadStack& thread = stacks.threads.back();
    if (thread.holds_lock && thread.thread != 0) stacks.lock_holder = thread.thread;
  }
  AssignRequests(in_flight, &stacks);
  return stacks;
}

}  // namespace stirbar
