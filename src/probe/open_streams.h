// How many streams are open in the whole app: what the cap long_lived_limit counts.
#pragma once

#include "segment/layout.h"

namespace stirbar {

// Requests in flight, in all workers, whose body is being read or whose route is declared
// long-lived. Stops at `enough`. Time: a microsecond or two a worker; asked only when a route that
// is declared long-lived is, while there is a cap. Exact but for what begins at the same moment.
inline uint32_t OpenStreams(const Segment& segment, uint32_t enough) noexcept {
  uint32_t open = 0;
  for (const WorkerSlot& slot : segment.workers) {
    if (slot.owner.load(std::memory_order_relaxed) == 0) continue;
    for (const InFlight& request : slot.in_flight) {
      if (request.started_ns.load(std::memory_order_acquire) == 0) continue;
      const bool is_stream = request.phase.load(std::memory_order_relaxed) ==
                                 static_cast<uint32_t>(RequestPhase::kStreaming) ||
                             request.limit_ns.load(std::memory_order_relaxed) == 0;
      if (is_stream && ++open >= enough) return open;
    }
  }
  return open;
}

}  // namespace stirbar
