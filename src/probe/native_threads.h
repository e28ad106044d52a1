// The two native threads of a worker.
//
//   beat   every 100 ms: heartbeat, settings, orders, the accept queue, the supervisor's sign of
//   life,
//          attaching again.
//          Never touches Python, so it goes on while the interpreter lock is held.
//   knock  every 100 ms: asks for the interpreter lock and gives it back. Publishes since when it
//          waits *before* it waits, so that the supervisor sees the age of a wait that has not
//          ended. Carries out directives that need Python; asks for routes and the executor's
//          depth.
//
// design.md draws one thread. Two, because a thread that waits for the lock can neither beat nor
// start a supervisor.
#pragma once

#include "segment/layout.h"

namespace stirbar {

class NativeThreads {
 public:
  // Starts both, all signals but faults blocked, so that the app's handlers never run on them;
  // without the knock thread where the lock is never given up. Threads: with the interpreter lock
  // held. False: the system gave no thread.
  static bool Start(LockProbe lock_probe);

  // Ends both and waits for them, without the interpreter lock. Threads: with the lock held.
  static void Stop() noexcept;

  // In the child of a fork: the threads are gone, their memory is given up.
  static void ForgetAfterFork() noexcept;
};

// Bytes that a cleanup of this process gave back to the system, and what it took.
struct CleanupEffect {
  uint64_t reclaimed_bytes = 0;  // fall of the resident set; 0 when it grew
  uint64_t collected_objects = 0;
  uint64_t duration_ns = 0;
};

// Collects garbage of all generations, then gives free memory back (malloc_trim). Threads: with the
// interpreter lock held, which it gives up for the second part. Time: tens of milliseconds for a
// large heap. Python finalizers run.
CleanupEffect CleanUpMemory();

}  // namespace stirbar
