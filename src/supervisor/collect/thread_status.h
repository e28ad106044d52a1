// What the kernel says of one thread of another process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stirbar {

struct ThreadStatus {
  std::string name;  // comm
  char state = '?';  // R S D T t Z
  // What it has run: nothing may have changed in its stack while these and a state other than R
  // stayed the same.
  uint64_t run_ns = 0;
  uint64_t times_scheduled = 0;
};

// Time: 15 us. Absent: there is no such thread.
std::optional<ThreadStatus> ReadThreadStatus(std::string_view proc, uint32_t pid, uint32_t thread);

// What a thread does in the kernel.
struct SystemCall {
  int64_t number = -1;
  uint64_t first_argument = 0;
};

// Of the text of /proc/PID/task/TID/syscall. Absent: it runs, or waits outside of a system call.
std::optional<SystemCall> ParseSystemCall(std::string_view text);

// Time: 8 us. Absent as above, and where the kernel does not show it (it asks for the same rights
// as reading memory).
std::optional<SystemCall> ReadSystemCall(std::string_view proc, uint32_t pid, uint32_t thread);

// "read", "poll", "sleep" ...; "system call 451" of one without a name here. Not for futex, whose
// meaning depends on whose it is: IsFutex.
std::string NameOfSystemCall(int64_t number);
bool IsFutex(const SystemCall& call);

}  // namespace stirbar
