#include "supervisor/collect/thread_status.h"

#include <sys/syscall.h>

#include <array>
#include <charconv>

#include "supervisor/collect/kernel_file.h"
#include "supervisor/collect/process_stat.h"

namespace stirbar {
namespace {

struct Named {
  int64_t number;
  std::string_view name;
};

// What a request hangs in. Several calls with one meaning have one name: the newer ones are what
// libc makes of the older.
constexpr Named kNamed[] = {
    {SYS_read, "read"},
    {SYS_readv, "read"},
    {SYS_pread64, "read"},
    {SYS_write, "write"},
    {SYS_writev, "write"},
    {SYS_pwrite64, "write"},
    {SYS_recvfrom, "recv"},
    {SYS_recvmsg, "recv"},
    {SYS_sendto, "send"},
    {SYS_sendmsg, "send"},
    {SYS_accept, "accept"},
    {SYS_accept4, "accept"},
    {SYS_connect, "connect"},
    {SYS_ppoll, "poll"},
    {SYS_pselect6, "select"},
    {SYS_epoll_pwait, "epoll_wait"},
    {SYS_nanosleep, "sleep"},
    {SYS_clock_nanosleep, "sleep"},
    {SYS_wait4, "wait for a child"},
    {SYS_waitid, "wait for a child"},
    {SYS_flock, "a file lock"},
    {SYS_fsync, "fsync"},
    {SYS_fdatasync, "fsync"},
    {SYS_fcntl, "a file lock"},
    {SYS_openat, "open"},
    {SYS_io_getevents, "io_getevents"},
    {SYS_rt_sigtimedwait, "a signal"},
    {SYS_mq_timedreceive, "a message queue"},
    {SYS_semtimedop, "a semaphore"},
#ifdef SYS_poll  // arm64 has only the newer ones
    {SYS_poll, "poll"},
    {SYS_select, "select"},
    {SYS_epoll_wait, "epoll_wait"},
    {SYS_open, "open"},
    {SYS_pause, "a signal"},
#endif
};

std::string TaskPath(std::string_view proc, uint32_t pid, uint32_t thread, std::string_view file) {
  return ProcPath(proc, pid, "task/" + std::to_string(thread) + "/" + std::string(file));
}

}  // namespace

std::optional<ThreadStatus> ReadThreadStatus(std::string_view proc, uint32_t pid, uint32_t thread) {
  std::array<char, 1024> buffer;
  const auto text = ReadKernelFile(TaskPath(proc, pid, thread, "stat"), buffer);
  if (!text) return std::nullopt;
  const Result<ProcessStat> stat = ParseProcessStat(*text);
  if (!stat) return std::nullopt;
  ThreadStatus status{.name = stat->command, .state = stat->state};
  const auto schedule = ReadKernelFile(TaskPath(proc, pid, thread, "schedstat"), buffer);
  if (schedule) {
    std::string_view rest = *schedule;
    status.run_ns = TakeNumber(&rest).value_or(0);
    TakeNumber(&rest);  // has waited for a processor
    status.times_scheduled = TakeNumber(&rest).value_or(0);
  }
  return status;
}

std::optional<SystemCall> ParseSystemCall(std::string_view text) {
  const size_t blank = text.find(' ');
  SystemCall call;
  const std::string_view number = text.substr(0, blank);
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), call.number);
  if (parsed.ec != std::errc() || call.number < 0) return std::nullopt;
  if (blank == std::string_view::npos) return call;
  std::string_view argument = text.substr(blank + 1);
  if (argument.starts_with("0x")) argument.remove_prefix(2);
  std::from_chars(argument.data(), argument.data() + argument.size(), call.first_argument, 16);
  return call;
}

std::optional<SystemCall> ReadSystemCall(std::string_view proc, uint32_t pid, uint32_t thread) {
  std::array<char, 256> buffer;
  const auto text = ReadKernelFile(TaskPath(proc, pid, thread, "syscall"), buffer);
  return text ? ParseSystemCall(*text) : std::nullopt;
}

std::string NameOfSystemCall(int64_t number) {
  for (const Named& named : kNamed) {
    if (named.number == number) return std::string(named.name);
  }
  return "system call " + std::to_string(number);
}

bool IsFutex(const SystemCall& call) { return call.number == SYS_futex; }

}  // namespace stirbar
