#include "segment/bus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

namespace stirbar {
namespace {

struct Range {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0};  // written last: the handler looks only at whole ranges
  std::atomic<size_t> bytes{0};
  std::atomic<int> file{-1};
  std::atomic<bool> lost{false};
};

// Read by a signal handler, which has no argument of its own: the globals of the segment.
std::array<Range, 64> g_ranges;
struct sigaction g_previous;
// Not a function-local static: its lock, held by another thread at a fork, would stop the child.
std::atomic<bool> g_installed{false};

bool Replace(Range& range) {
  // The bare system call: safe in a signal handler, whatever stands in front of libc's mmap().
  const long pages =
      syscall(SYS_mmap, range.begin.load(), range.bytes.load(), PROT_READ | PROT_WRITE,
              MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == -1) return false;
  range.lost.store(true);
  return true;
}

// The file is shorter than its mapping, or its file system has no page left: an access may fail.
bool IsDamaged(const Range& range) {
  struct stat info {};
  if (fstat(range.file.load(), &info) != 0) return false;
  if (static_cast<size_t>(info.st_size) < range.bytes.load()) return true;
  struct statfs system {};
  return fstatfs(range.file.load(), &system) == 0 && system.f_blocks > 0 && system.f_bavail == 0;
}

bool Repair(const siginfo_t* info) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  // Another handler that ran first (Python's faulthandler) raises the signal again by hand; then
  // there is no address, and the files tell which range is meant.
  const bool by_hand = info->si_code <= 0;
  bool repaired = false;
  for (Range& range : g_ranges) {
    const uintptr_t begin = range.begin.load();
    if (begin == 0) continue;
    const bool inside = !by_hand && address >= begin && address - begin < range.bytes.load();
    if (!inside && !(by_hand && IsDamaged(range))) continue;
    // Several threads fault at once: for all but the first it is repaired already.
    if (range.lost.load() || Replace(range)) repaired = true;
  }
  return repaired;
}

void OnBusError(int signal_number, siginfo_t* info, void* context) {
  const int code = errno;
  if (Repair(info)) {
    errno = code;
    return;
  }
  if ((g_previous.sa_flags & SA_SIGINFO) != 0) {
    g_previous.sa_sigaction(signal_number, info, context);
  } else if (g_previous.sa_handler != SIG_DFL && g_previous.sa_handler != SIG_IGN) {
    g_previous.sa_handler(signal_number);
  } else if (g_previous.sa_handler == SIG_DFL || info->si_code > 0) {
    // Back to the default: returning runs the faulting instruction again, which then ends the
    // process as it would have without us, with the right signal and core.
    signal(SIGBUS, SIG_DFL);
    if (info->si_code <= 0) raise(SIGBUS);
  }
}

bool Install() {
  if (g_installed.exchange(true)) return true;
  struct sigaction action {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, &action, &g_previous) == 0) return true;
  g_installed.store(false);
  return false;
}

}  // namespace

std::optional<size_t> GuardMapping(void* begin, size_t bytes, int file) {
  if (!Install()) return std::nullopt;
  for (size_t place = 0; place < g_ranges.size(); ++place) {
    Range& range = g_ranges[place];
    if (range.taken.load() || range.taken.exchange(true)) continue;
    range.bytes.store(bytes);
    range.file.store(file);
    range.lost.store(false);
    range.begin.store(reinterpret_cast<uintptr_t>(begin));
    return place;
  }
  return std::nullopt;
}

bool IsLost(size_t place) { return g_ranges[place].lost.load(); }

void UnguardMapping(size_t place) {
  g_ranges[place].begin.store(0);
  g_ranges[place].taken.store(false);
}

}  // namespace stirbar
