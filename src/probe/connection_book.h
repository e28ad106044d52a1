// Who holds which connection: the Connection records of this worker in the segment, kept by the
// pools of this process (pool_type.cc, and for pools of other classes the listeners of
// held_connections.cc).
//
// Threads: with the interpreter lock held, which no function gives up. Time: no system call, no
// allocation. Failure: where no record is free, or there is no segment, kNoRecord is handed out,
// which all functions ignore.
#pragma once

#include <Python.h>

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

inline constexpr uint32_t kNoRecord = UINT32_MAX;

// The pool of this process called `name` ("mysql://host:3306/shop"); kPoolOther: the table is full,
// or there is no segment.
uint32_t BookPool(const char* name, bool fair) noexcept;
// Its figures in the segment; null where there is none (kPoolOther too).
PoolStats* StatsOfPool(uint32_t pool) noexcept;

// A connection is being opened, or has been. Returns its record.
uint32_t BookConnecting(uint32_t pool) noexcept;
void BookOpened(uint32_t record, uint32_t target) noexcept;
// It is gone, in whatever state it was.
void BookClosed(uint32_t record) noexcept;

// The running request or task takes it. Notes route, thread and stack. `holder` is SQLAlchemy's
// record (borrowed; a weak reference to it is kept: one that is lost must be able to die): what a
// leak is reclaimed by.
void BookCheckout(uint32_t record, PoolLane lane, PyObject* holder) noexcept;
// It comes back. Returns how long it was held, nanoseconds.
uint64_t BookCheckin(uint32_t record) noexcept;

// The request has ended: what it still holds is leaked for certain. Called for every request.
void EndRequestOfConnections(uint32_t in_flight, uint64_t started_ns) noexcept;

// After a fork, in the child: the parent's records are not this process's.
void ForgetConnections() noexcept;

}  // namespace stirbar
