#include "probe/time_parts.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "segment/counters.h"

namespace stirbar {
namespace {

// By in-flight index: what of the part that runs is another part's. Atomic, because the beat thread
// adds to it; a lost addition would be one sample.
std::array<std::atomic<uint64_t>, kMaxInFlight> g_not_its_own;

constexpr uint32_t ActivityOf(Part part) { return static_cast<uint32_t>(part) + 1; }
static_assert(ActivityOf(Part::kSql) == static_cast<uint32_t>(Activity::kSql));
static_assert(ActivityOf(Part::kRedis) == static_cast<uint32_t>(Activity::kRedis));
static_assert(ActivityOf(Part::kHttp) == static_cast<uint32_t>(Activity::kHttp));
constexpr auto kApplication = static_cast<uint32_t>(Activity::kApplication);

void Add(InFlight& request, Part part, uint64_t more_ns, uint32_t more_calls) {
  AddTo(request.parts_ns[static_cast<size_t>(part)], more_ns);
  HalfWord& calls = request.part_calls[static_cast<size_t>(part)];
  calls.store(calls.load(std::memory_order_relaxed) + more_calls, std::memory_order_relaxed);
}

void AddInside(InFlight& request, uint32_t in_flight, uint64_t more_ns) {
  if (request.activity.load(std::memory_order_relaxed) == kApplication) return;
  std::atomic<uint64_t>& inside = g_not_its_own[in_flight];
  inside.store(inside.load(std::memory_order_relaxed) + more_ns, std::memory_order_relaxed);
}

}  // namespace

void BeginParts(WorkerSlot& slot, uint32_t in_flight) noexcept {
  if (in_flight >= kMaxInFlight) return;
  InFlight& request = slot.in_flight[in_flight];
  for (size_t part = 0; part < kParts; ++part) {
    request.parts_ns[part].store(0, std::memory_order_relaxed);
    request.part_calls[part].store(0, std::memory_order_relaxed);
  }
  request.activity.store(kApplication, std::memory_order_relaxed);
  request.activity_since_ns.store(0, std::memory_order_relaxed);
  request.connection_since_ns.store(0, std::memory_order_relaxed);
}

void ReadParts(const WorkerSlot& slot, uint32_t in_flight, PartTimes* times) noexcept {
  if (in_flight >= kMaxInFlight) return;
  const InFlight& request = slot.in_flight[in_flight];
  for (size_t part = 0; part < kParts; ++part) {
    times->ns[part] = request.parts_ns[part].load(std::memory_order_relaxed);
    times->calls[part] = request.part_calls[part].load(std::memory_order_relaxed);
    times->any = times->any || times->calls[part] != 0 || times->ns[part] != 0;
  }
}

bool BeginPart(WorkerSlot& slot, uint32_t in_flight, Part part, uint64_t now_ns) noexcept {
  InFlight& request = slot.in_flight[in_flight];
  if (request.activity.load(std::memory_order_relaxed) != kApplication) return false;
  g_not_its_own[in_flight].store(0, std::memory_order_relaxed);
  request.activity_since_ns.store(now_ns, std::memory_order_relaxed);
  request.activity.store(ActivityOf(part), std::memory_order_release);
  return true;
}

uint64_t EndPart(WorkerSlot& slot, uint32_t in_flight, Part part, uint32_t calls,
                 uint64_t now_ns) noexcept {
  InFlight& request = slot.in_flight[in_flight];
  if (request.activity.load(std::memory_order_relaxed) != ActivityOf(part)) return 0;
  const uint64_t since_ns = request.activity_since_ns.load(std::memory_order_relaxed);
  const uint64_t all_ns = now_ns > since_ns ? now_ns - since_ns : 0;
  const uint64_t not_its_own_ns = g_not_its_own[in_flight].load(std::memory_order_relaxed);
  const uint64_t own_ns = all_ns - std::min(all_ns, not_its_own_ns);
  Add(request, part, own_ns, calls);
  request.activity.store(kApplication, std::memory_order_relaxed);
  return own_ns;
}

void AddGarbagePause(WorkerSlot& slot, uint32_t in_flight, uint64_t duration_ns) noexcept {
  InFlight& request = slot.in_flight[in_flight];
  Add(request, Part::kGarbage, duration_ns, 1);
  AddInside(request, in_flight, duration_ns);
}

void AddLockWait(WorkerSlot& slot, uint32_t in_flight, uint64_t started_ns,
                 uint64_t sample_ns) noexcept {
  InFlight& request = slot.in_flight[in_flight];
  if (request.started_ns.load(std::memory_order_acquire) != started_ns) return;
  Add(request, Part::kLock, sample_ns, 1);
  AddInside(request, in_flight, sample_ns);
}

}  // namespace stirbar
