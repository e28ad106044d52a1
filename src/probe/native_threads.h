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

}  // namespace stirbar
