#include "probe/lock_sampler.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "probe/time_parts.h"

namespace stirbar {
namespace {

struct Candidate {
  uint32_t in_flight;
  uint32_t thread;
  uint64_t started_ns;
};

// The requests in flight that do not stream, begun with the one at `first`. Returns their number.
size_t Collect(const WorkerSlot& slot, uint32_t first, std::array<Candidate, kMaxInFlight>* found) {
  size_t count = 0;
  for (uint32_t i = 0; i < kMaxInFlight; ++i) {
    const uint32_t index = (first + i) % kMaxInFlight;
    const InFlight& request = slot.in_flight[index];
    const uint64_t started_ns = request.started_ns.load(std::memory_order_acquire);
    if (started_ns == 0 || request.phase.load(std::memory_order_relaxed) ==
                               static_cast<uint32_t>(RequestPhase::kStreaming)) {
      continue;
    }
    (*found)[count++] = {index, request.thread.load(std::memory_order_relaxed), started_ns};
  }
  return count;
}

}  // namespace

bool WaitsOnFutex(std::string_view line, AddressRange range) {
  // "202 0x7f1c2c0008d0 0x189 ...": number of the call, then its arguments.
  long number = -1;
  const char* const end = line.data() + line.size();
  const auto [after, fault] = std::from_chars(line.data(), end, number);
  if (fault != std::errc() || number != SYS_futex) return false;
  constexpr std::string_view kBefore = " 0x";
  const std::string_view rest(after, static_cast<size_t>(end - after));
  if (rest.substr(0, kBefore.size()) != kBefore) return false;
  uintptr_t address = 0;
  const auto parsed = std::from_chars(after + kBefore.size(), end, address, 16);
  return parsed.ec == std::errc() && address >= range.begin && address < range.end;
}

bool LockSampler::Waits(uint32_t thread) const {
  char path[128];
  std::snprintf(path, sizeof path, "%s/%u/syscall", task_folder_.c_str(), thread);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char line[160];
  const ssize_t bytes = read(file, line, sizeof line);
  close(file);
  return bytes > 0 && WaitsOnFutex({line, static_cast<size_t>(bytes)}, lock_);
}

void LockSampler::Turn(WorkerSlot& slot, uint64_t now_ns) {
  const uint64_t sample_ns = std::min(now_ns - last_turn_ns_, kLongestSampleNs);
  const bool first_turn = last_turn_ns_ == 0;
  last_turn_ns_ = now_ns;
  if (lock_.begin == lock_.end || first_turn) return;
  std::array<Candidate, kMaxInFlight> requests;
  const size_t count = Collect(slot, next_, &requests);
  const auto of_thread = [&](uint32_t thread) {
    return std::count_if(requests.begin(), requests.begin() + count,
                         [thread](const Candidate& request) { return request.thread == thread; });
  };
  uint32_t looked_at = 0;
  for (size_t i = 0; i < count && looked_at < kMostThreads; ++i) {
    const Candidate& request = requests[i];
    next_ = (request.in_flight + 1) % kMaxInFlight;
    if (of_thread(request.thread) > 1) continue;
    ++looked_at;
    if (Waits(request.thread)) {
      AddLockWait(slot, request.in_flight, request.started_ns, sample_ns);
    }
  }
}

}  // namespace stirbar
