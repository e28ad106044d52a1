#include "segment/identity.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace stirbar {
namespace {

struct StatLine {
  char state = '?';
  uint64_t start_ticks = 0;
  uint32_t pid = 0;
};

// /proc/PID/stat: "pid (comm) state ppid ... starttime(22) ...". comm may hold spaces and
// parentheses, so that fields are counted from the last ')'.
Result<StatLine> ReadStat(uint32_t pid) {
  char path[48];
  if (pid == 0) {
    std::snprintf(path, sizeof path, "/proc/self/stat");
  } else {
    std::snprintf(path, sizeof path, "/proc/%u/stat", pid);
  }
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return ErrnoError(std::string("open ") + path, errno);
  char text[1024];
  const ssize_t bytes = read(file, text, sizeof text - 1);
  const int code = errno;
  close(file);
  if (bytes <= 0) return ErrnoError(std::string("read ") + path, bytes < 0 ? code : ESRCH);
  text[bytes] = '\0';
  const char* field = std::strrchr(text, ')');
  if (field == nullptr || field[1] != ' ') return Error{std::string(path) + ": unknown format"};
  StatLine line;
  line.pid = static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
  line.state = field[2];
  constexpr int kStateField = 3;
  constexpr int kStartTimeField = 22;
  field += 2;
  for (int number = kStateField; number < kStartTimeField; ++number) {
    field = std::strchr(field, ' ');
    if (field == nullptr) return Error{std::string(path) + ": unknown format"};
    ++field;
  }
  line.start_ticks = std::strtoull(field, nullptr, 10);
  return line;
}

}  // namespace

Result<ProcessIdentity> IdentityOf(uint32_t pid) {
  const Result<StatLine> line = ReadStat(pid);
  if (!line) return Error{line.error()};
  return MakeIdentity(line->pid, line->start_ticks);
}

bool IsRunning(ProcessIdentity identity) {
  if (identity == 0) return false;
  const uint32_t pid = PidOf(identity);
  if (pid > static_cast<uint32_t>(std::numeric_limits<pid_t>::max())) return false;
  const Result<StatLine> line = ReadStat(pid);
  if (!line) return kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
  return line->state != 'Z' && line->state != 'X' &&
         MakeIdentity(line->pid, line->start_ticks) == identity;
}

}  // namespace stirbar
