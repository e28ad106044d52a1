// Waiting for a connection of a pool, until it is granted.
#pragma once

#include <Python.h>
// First, because CPython asks for it.

#include <semaphore.h>

#include "probe/pool_queue.h"

namespace stirbar {

// One that waits, on the heap: the interpreter may end its thread within the wait, while the queue
// still knows it.
struct BlockedWaiter : PoolWaiter {
  sem_t semaphore;            // where `event` is null
  PyObject* event = nullptr;  // a patched threading.Event, where greenlets take turns; owned
};

// Null with an exception: out of memory, or what the pool's method `_event` raised. `_event()`
// returns None where threads are threads.
BlockedWaiter* NewWaiter(PyObject* pool, PoolLane lane, uint64_t now_ns);
void FreeWaiter(BlockedWaiter* waiter);

enum class Waited { kGranted, kTimedOut, kRaised };

// Gives the interpreter lock up until the waiter is granted, `deadline_ns` has passed (0: never),
// or an exception came: Ctrl-C in the main thread, an asynchronous one (by a call of the pool's
// method `_breathe`, for they are raised in Python code only); both are seen within 100 ms. An
// exception may come with the grant: ask PoolQueue::Withdraw(). Not noexcept: at the end of the
// interpreter the thread is ended by unwinding.
Waited WaitForGrant(PyObject* pool, BlockedWaiter* waiter, uint64_t deadline_ns);

// Wakes all that a change has granted. Keeps a Python exception that is set.
void WakeGranted(PoolQueue& queue);

}  // namespace stirbar
