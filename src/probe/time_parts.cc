#include "probe/time_parts.h"

namespace stirbar {

void BeginParts(WorkerSlot& slot, uint32_t in_flight) noexcept {
  if (in_flight >= kMaxInFlight) return;
  InFlight& request = slot.in_flight[in_flight];
  for (size_t part = 0; part < kParts; ++part) {
    request.parts_ns[part].store(0, std::memory_order_relaxed);
    request.part_calls[part].store(0, std::memory_order_relaxed);
  }
}

void ReadParts(const WorkerSlot& slot, uint32_t in_flight, PartTimes* times) noexcept {
  if (in_flight >= kMaxInFlight) return;
  const InFlight& request = slot.in_flight[in_flight];
  for (size_t part = 0; part < kParts; ++part) {
    times->ns[part] = request.parts_ns[part].load(std::memory_order_relaxed);
    times->calls[part] = request.part_calls[part].load(std::memory_order_relaxed);
    times->any = times->any || times->calls[part] != 0;
  }
}

}  // namespace stirbar
