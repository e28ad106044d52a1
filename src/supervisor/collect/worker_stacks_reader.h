// The stacks of one worker, round by round (stack_reader.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "supervisor/collect/code_reader.h"
#include "supervisor/collect/interpreter_view.h"
#include "supervisor/collect/lock_state.h"
#include "supervisor/collect/remote_memory.h"
#include "supervisor/collect/stack_walker.h"
#include "supervisor/collect/thread_status.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// One look at one worker. Threads: one. Owns: what it has read.
class WorkerStacksReader {
 public:
  // `proc` must outlive it. After `end_ns` (monotonic) nothing more is read.
  WorkerStacksReader(const WorkerSample& worker, const InterpreterMap& map, std::string_view proc,
                     uint64_t end_ns);

  // Reads the stacks that are not settled yet once more. False: all are, or nothing can be read.
  bool Round();

  // What has been found, with the requests of `in_flight` (of any worker) that the threads work at.
  WorkerStacks Finish(const std::vector<InFlightSample>& in_flight) const;

 private:
  struct Candidate {
    explicit Candidate(const ThreadHead& thread) : head(thread) {}

    ThreadHead head;
    std::optional<ThreadStatus> status;  // of the newest round
    RawStack newest;                     // the newest whole one; else the deepest
    std::vector<FrameSample> frames;     // of `newest`, described while it was there
    uint32_t agreed = 0;                 // rounds in a row that have found `newest`
    bool has_run = false;                // between two of these
    bool looked_at = false;
    bool settled = false;
    bool gone = false;
  };

  bool HasTime() const { return MonotonicNs() < end_ns_; }
  void Look(Candidate* candidate);
  void Keep(RawStack stack, Candidate* candidate);
  uint32_t NativeIdOf(const ThreadHead& head) const;
  ThreadStack Describe(const Candidate& candidate, const LockState& lock) const;
  std::string WaitsFor(const Candidate& candidate, const LockState& lock) const;

  const uint32_t slot_;
  const uint32_t pid_;
  const std::string_view proc_;
  const uint64_t end_ns_;
  const RemoteMemory memory_;
  std::string unavailable_;
  InterpreterView view_;
  CodeReader codes_;
  StackWalker walker_;
  std::optional<LockState> lock_;
  uint64_t main_thread_ = 0;  // pthread_self() of it; 0: not known
  std::vector<Candidate> candidates_;
};

}  // namespace stirbar
