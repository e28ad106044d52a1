#include "probe/pool_wait.h"

#include <algorithm>
#include <new>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr uint64_t kSliceNs = 100'000'000;
constexpr uint64_t kSecondNs = 1'000'000'000;

void Block(BlockedWaiter* waiter, uint64_t until_ns) {
  timespec until{};
  until.tv_sec = static_cast<time_t>(until_ns / kSecondNs);
  until.tv_nsec = static_cast<long>(until_ns % kSecondNs);
  Py_BEGIN_ALLOW_THREADS;
  sem_clockwait(&waiter->semaphore, CLOCK_MONOTONIC, &until);  // EINTR: a signal, looked at below
  Py_END_ALLOW_THREADS;
}

bool BlockGreenlet(PyObject* event, uint64_t for_ns) {
  PyObject* const result =
      PyObject_CallMethod(event, "wait", "d", static_cast<double>(for_ns) * 1e-9);
  Py_XDECREF(result);
  return result != nullptr;
}

bool Breathe(PyObject* pool) {
  PyObject* const result = PyObject_CallMethod(pool, "_breathe", nullptr);
  Py_XDECREF(result);
  return result != nullptr;
}

}  // namespace

BlockedWaiter* NewWaiter(PyObject* pool, PoolLane lane, uint64_t now_ns) {
  PyObject* event = PyObject_CallMethod(pool, "_event", nullptr);
  if (event == nullptr) return nullptr;
  if (event == Py_None) Py_CLEAR(event);
  auto* const waiter = new (std::nothrow) BlockedWaiter();
  if (waiter == nullptr) {
    Py_XDECREF(event);
    PyErr_NoMemory();
    return nullptr;
  }
  waiter->lane = lane;
  waiter->since_ns = now_ns;
  waiter->event = event;
  sem_init(&waiter->semaphore, 0, 0);
  return waiter;
}

void FreeWaiter(BlockedWaiter* waiter) {
  PyObject* const event = waiter->event;
  sem_destroy(&waiter->semaphore);
  delete waiter;
  Py_XDECREF(event);
}

Waited WaitForGrant(PyObject* pool, BlockedWaiter* waiter, uint64_t deadline_ns) {
  for (;;) {
    const uint64_t now_ns = MonotonicNs();
    if (deadline_ns != 0 && now_ns >= deadline_ns) return Waited::kTimedOut;
    const uint64_t left_ns = deadline_ns != 0 ? deadline_ns - now_ns : kSliceNs;
    const uint64_t slice_ns = std::min(kSliceNs, left_ns);
    if (waiter->event == nullptr) {
      Block(waiter, now_ns + slice_ns);
    } else if (!BlockGreenlet(waiter->event, slice_ns)) {
      return Waited::kRaised;
    }
    if (PyErr_CheckSignals() != 0 || !Breathe(pool)) return Waited::kRaised;
    if (waiter->grant != PoolWaiter::Grant::kNone) return Waited::kGranted;
  }
}

void WakeGranted(PoolQueue& queue) {
  PoolWaiter* granted = queue.NextGranted();
  if (granted == nullptr) return;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  for (; granted != nullptr; granted = queue.NextGranted()) {
    auto* const waiter = static_cast<BlockedWaiter*>(granted);
    if (waiter->event == nullptr) {
      sem_post(&waiter->semaphore);
      continue;
    }
    PyObject* const event = Py_NewRef(waiter->event);
    PyObject* const result = PyObject_CallMethod(event, "set", nullptr);
    if (result == nullptr) PyErr_WriteUnraisable(event);
    Py_XDECREF(result);
    Py_DECREF(event);
  }
  PyErr_Restore(type, value, traceback);
}

}  // namespace stirbar
