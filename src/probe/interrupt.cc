#include <Python.h>
// First, because CPython asks for it.

#include <array>

#include "probe/current_request.h"
#include "probe/interrupt.h"
#include "probe/tracked_request.h"

namespace stirbar {
namespace {

PyObject* g_exception = nullptr;
std::array<bool, kMaxInFlight> g_ordered{};  // guarded by the interpreter lock

// Whether another request is in the app on the same thread: a greenlet's, or one that the app
// makes within its own.
bool SharesThread(const WorkerSlot& slot, uint32_t in_flight) {
  const uint64_t thread = slot.in_flight[in_flight].python_thread.load(std::memory_order_relaxed);
  for (uint32_t other = 0; other < kMaxInFlight; ++other) {
    if (other != in_flight && IsInApp(other) &&
        slot.in_flight[other].python_thread.load(std::memory_order_relaxed) == thread) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool InitialiseInterrupt() {
  g_exception = PyErr_NewExceptionWithDoc(
      "stirbar.RequestInterrupted",
      "Raised in a request that ran past its limit. Its client gets 504 Gateway Timeout.\n\n"
      "A BaseException: what cleans up (finally, with, teardown functions) runs, and `except "
      "Exception` does not swallow it.",
      PyExc_BaseException, nullptr);
  return g_exception != nullptr;
}

PyObject* RequestInterrupted() { return g_exception; }

bool Interrupt(const Attachment& attachment, uint32_t in_flight, uint64_t started_ns) {
  if (!IsInApp(in_flight) || ThreadsAreShared()) return false;
  const WorkerSlot& slot = attachment.slot();
  const InFlight& request = slot.in_flight[in_flight];
  if (request.started_ns.load(std::memory_order_relaxed) != started_ns || started_ns == 0 ||
      SharesThread(slot, in_flight)) {
    return false;
  }
  const uint64_t thread = request.python_thread.load(std::memory_order_relaxed);
  if (PyThreadState_SetAsyncExc(static_cast<unsigned long>(thread), g_exception) != 1) return false;
  g_ordered[in_flight] = true;
  return true;
}

bool WasInterrupted(uint32_t in_flight) { return in_flight < kMaxInFlight && g_ordered[in_flight]; }

bool SettleInterrupt(uint32_t in_flight, PyObject* raised) {
  g_ordered[in_flight] = false;
  PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), nullptr);
  return raised != nullptr && PyErr_GivenExceptionMatches(raised, g_exception) != 0;
}

}  // namespace stirbar
