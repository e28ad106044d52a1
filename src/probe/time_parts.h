// Where the time of each request in flight goes: statements, Redis commands, outgoing calls, waits
// for the interpreter lock, garbage collections (segment: Part).
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

}  // namespace stirbar
