// Connections that their holders have forgotten: who, where, and what is done about it.
//
//   suspect    held for longer than pool_leak_threshold
//   confirmed  its request has ended, or its thread
//   collected  given back by the garbage collector: nobody had closed it
//
// Each is written once to the ring of leaks, with the stack that took it, whatever becomes of it
// later; its record in the table of connections says what it is now.
//
// Threads: with the interpreter lock held. Failure: none.
#pragma once

#include <Python.h>

#include <cstdint>

namespace stirbar {

struct BookedConnection;

// Its request or thread has ended.
void ConfirmLeak(BookedConnection* booked) noexcept;
// It comes back, or is closed; called while it still is in its list. `by_collector`: nobody has
// asked for that but the garbage collector.
void EndHold(BookedConnection* booked, uint64_t held_ns, bool by_collector) noexcept;

// Looks for suspects and for threads that have ended. Once a second, by the knock thread; where
// there is none, a checkout does it. Time: a system call for each connection that a task holds.
void LookForLeaks(uint64_t now_ns) noexcept;
bool IsTimeToLook(uint64_t now_ns) noexcept;

// What pool_leak_reclaim and pool_leak_close order.
enum class LeakReclaim : uint32_t { kNone = 0, kReturn = 1, kClose = 2 };
LeakReclaim ReclaimOrder() noexcept;
// A callable that takes that order, or null. Called after a request has ended, when there is
// something to take back. New leaks, or once a second: what could not be had before.
void SetReclaimer(PyObject* reclaimer) noexcept;
void ReclaimIfDue() noexcept;
// A list of SQLAlchemy's records (new reference; null with an exception) of confirmed leaks on
// which no statement runs just now. What comes back from now on counts as reclaimed by `order`.
PyObject* LeaksToReclaim(uint32_t order) noexcept;

// After a fork, in the child.
void ForgetLeaks() noexcept;

}  // namespace stirbar
