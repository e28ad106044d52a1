// Keeps a process alive whose mapped segment loses its pages: somebody truncated the file, or
// /dev/shm is full. The kernel answers an access with SIGBUS, which ends the process; the guard
// puts private zero pages in place instead, so that the app goes on and only its figures are lost.
//
// A thread that blocks SIGBUS is killed all the same: the kernel does not wait with a fault.
#pragma once

#include <cstddef>
#include <optional>

namespace stirbar {

// Guards [begin, begin + bytes), which maps `file`, from now on, in this process and its forks. The
// first call installs the SIGBUS handler; a SIGBUS anywhere else goes to the handler that was there
// before. Returns the place to ask and to unguard by; absent: all 64 are taken, or the handler
// cannot be installed. Threads: any.
std::optional<size_t> GuardMapping(void* begin, size_t bytes, int file);

// Whether the pages were lost, and the range has been replaced.
bool IsLost(size_t place);

// To be called before the range is unmapped, when no thread touches it any more.
void UnguardMapping(size_t place);

}  // namespace stirbar
