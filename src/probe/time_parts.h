// Where the time of each request in flight goes: statements, Redis commands, outgoing calls, waits
// for the interpreter lock, garbage collections (segment: Part).
//
// Time that belongs to two parts is counted in one: a statement inside a Redis command is the
// command's, a pause of the collector or a wait for the lock inside a statement is taken off the
// statement. So the parts of a request add up to no more than its duration, but for waits for the
// lock, which are sampled: right in the sum of many requests, coarse in a single short one.
//
// Threads: with the interpreter lock held, but for AddLockWait().
#pragma once

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

// A request takes the in-flight index: what the one before it had is forgotten.
void BeginParts(WorkerSlot& slot, uint32_t in_flight) noexcept;

struct PartTimes {
  bool any = false;  // false, the common case: the arrays are not to be looked at
  uint64_t ns[kParts] = {};
  uint32_t calls[kParts] = {};
};

// What the request has done so far. `in_flight` may be kMaxInFlight.
void ReadParts(const WorkerSlot& slot, uint32_t in_flight, PartTimes* times) noexcept;

// Something of `part` (kSql, kRedis or kHttp) begins for the request: the page shows "in SQL
// since". False: the request is in a part already, whose time this one's is; call nothing at its
// end. Precondition: `in_flight` below kMaxInFlight.
bool BeginPart(WorkerSlot& slot, uint32_t in_flight, Part part, uint64_t now_ns) noexcept;

// It has ended; `calls` is added to the part's count. Returns its time. Nothing, and 0, where a new
// request has taken the index in between.
uint64_t EndPart(WorkerSlot& slot, uint32_t in_flight, Part part, uint32_t calls,
                 uint64_t now_ns) noexcept;

// The collector paused the request for `duration_ns`.
void AddGarbagePause(WorkerSlot& slot, uint32_t in_flight, uint64_t duration_ns) noexcept;

// The request was found waiting for the interpreter lock; the time that one sample stands for.
// Threads: the beat thread alone. `started_ns` as it was when the sample was taken: nothing is
// added to a request that has taken the index since.
void AddLockWait(WorkerSlot& slot, uint32_t in_flight, uint64_t started_ns,
                 uint64_t sample_ns) noexcept;

}  // namespace stirbar
