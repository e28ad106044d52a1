// How long requests wait for the interpreter lock: sampled, because to measure each wait would mean
// to change the interpreter.
//
// A thread that waits for the lock is in the system call futex(2), with an address within the
// lock's state (its condition variable or mutex). The kernel tells that of the threads of one's own
// process
// (/proc/self/task/TID/syscall) to anybody, without stopping them. Ten samples a second: a request
// that waits for a second is found waiting ten times; of short requests each tenth of a second that
// all of them waited together is found once, on average.
//
// Where the kernel does not tell (gVisor, a build without CONFIG_HAVE_ARCH_TRACEHOOK), or the
// interpreter is one whose lock we do not know, nothing is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "segment/layout.h"

namespace stirbar {

struct AddressRange {
  uintptr_t begin = 0;
  uintptr_t end = 0;  // behind the last byte; equal to begin: not known
};

// Whether `line`, of /proc/PID/task/TID/syscall, is a futex call with an address in `range`.
bool WaitsOnFutex(std::string_view line, AddressRange range);

// Threads: the beat thread alone; needs no interpreter lock. Time: about 10 us for each thread that
// serves a request, at most kMostThreads of them a turn.
class LockSampler {
 public:
  static constexpr uint32_t kMostThreads = 32;
  // A turn that comes late (the machine was suspended, the thread was starved) stands for no more.
  static constexpr uint64_t kLongestSampleNs = 200'000'000;

  explicit LockSampler(AddressRange lock, std::string task_folder = "/proc/self/task")
      : lock_(lock), task_folder_(std::move(task_folder)) {}

  // One sample of all requests in flight that do not stream. Where several share a thread
  // (greenlets) the one that runs is not known, and none is counted.
  void Turn(WorkerSlot& slot, uint64_t now_ns);

 private:
  bool Waits(uint32_t thread) const;

  AddressRange lock_;
  std::string task_folder_;
  uint64_t last_turn_ns_ = 0;
  uint32_t next_ = 0;  // in-flight index to begin with, so that each gets its turn
};

}  // namespace stirbar
