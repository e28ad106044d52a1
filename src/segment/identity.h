// Who a process is, beyond its pid: pids are used again, a pid with its start time is not.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "segment/layout.h"

namespace stirbar {

// The identity of process `pid` (0: the calling one). Failure: the process does not exist, or /proc
// is not mounted. Time: one small file of /proc.
Result<ProcessIdentity> IdentityOf(uint32_t pid = 0);

// Whether the very process that `identity` was made from still runs. A zombie does not. Where /proc
// cannot be read (out of file descriptors), any process with its pid counts: to bury a worker late
// is harmless, to bury a live one is not.
bool IsRunning(ProcessIdentity identity);

}  // namespace stirbar
