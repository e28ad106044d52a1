// Cleans the memory of this process up, a step at a time, as the supervisor orders it.
//
//   garbage, trim                       on the knock thread, which holds the interpreter lock
//   anyway caches, connections, callbacks      by Python code, on Python's thread
//   `stirbar-cleanup`, a
//                                       greenlet under gevent: it asks by TakeCleanup()
//
// An order waits for a moment without a request in this worker, as long as the order says. As it
// begins with the interpreter lock held, no request begins meanwhile.
//
// Failure: what is missing is answered as kNothing. A worker that is killed in the middle leaves an
// order without an answer, which goes with its slot.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "probe/attachment.h"

namespace stirbar {

// What a step did to this process.
struct CleanupEffect {
  uint64_t before_bytes = 0;  // resident set
  uint64_t after_bytes = 0;
  uint64_t count = 0;  // unreachable objects found
  uint64_t duration_ns = 0;
};

// The resident set of this process. 0: not known. Time: 20 us.
uint64_t ResidentBytes() noexcept;

// A native step now; `trims`: and gives free memory back after it. Threads: with the interpreter
// lock held, which it gives up while it trims. Time: a full collection takes tens of milliseconds
// for a large heap. Python finalizers run.
CleanupEffect RunNativeStep(CleanupStep step, bool trims);
// Gives the allocator's free memory back. Threads: with the interpreter lock held, given up
// meanwhile.
void Trim();

// Steps that this process has something for: bits 1 << CleanupStep. Native ones always.
uint32_t CleanupSteps() noexcept;
void SetPythonSteps(uint32_t bits) noexcept;
// Called, on the knock thread, when a step of Python is ordered: makes sure that somebody asks for
// it.
void SetCleanupStarter(PyObject* starter) noexcept;

// No request runs here; streams do not count. Threads: any.
bool IsIdle(const WorkerSlot& slot) noexcept;

// Whether an order waits for such a moment. Threads: any.
bool CleanupWaits() noexcept;

// For the knock thread, with the interpreter lock held: begins, carries out or goes on waiting with
// the cleanup that is ordered.
void CarryOutCleanup(const Attachment& attachment, uint64_t now_ns);

// A step for Python. Threads: with the interpreter lock held, as the next two.
struct PythonStep {
  CleanupStep step = CleanupStep::kNone;
  uint32_t percent = 0;
  uint32_t keeps = 0;
  double budget_seconds = 0;
};
// Absent: there is none, or it is not the moment.
std::optional<PythonStep> TakeCleanup();
// It is over: measures, and answers the order.
void EndCleanup(uint64_t count, CleanupOutcome outcome, std::string_view text);
// Whether TakeCleanup() will give one before long.
bool CleanupIsOffered() noexcept;

// In the child of a fork.
void ForgetCleanup() noexcept;

}  // namespace stirbar
