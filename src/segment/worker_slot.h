// A worker's place in the segment, from claim to burial.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "segment/layout.h"

namespace stirbar {

// Claims a free slot for `owner`, state kStarting, counters zero. Absent: all are taken. Threads
// and processes: any, at the same time. Time: never waits.
std::optional<uint32_t> ClaimWorkerSlot(Segment& segment, ProcessIdentity owner);

// A request that was in flight when its worker died.
struct LostRequest {
  uint32_t route = kRouteUnknown;
  HttpMethod method = HttpMethod::kOther;
  uint64_t age_ns = 0;
};

struct Burial {
  uint32_t pid = 0;
  bool said_goodbye = false;  // exited in good order
  std::vector<LostRequest> lost;
};

// Adds the figures of the dead owner of `slot` to the retired totals, counts its requests in flight
// as lost, and frees the slot. Happens once, also when a supervisor dies in the middle of it and
// the next one begins again. Only the supervisor may call it, and only when the owner is gone.
Burial BuryWorker(Segment& segment, uint32_t slot, uint64_t now_ns);

// The retired totals that hold now. Only the supervisor writes them.
const RetiredBank& RetiredTotals(const Segment& segment);

// Calls `visit(route)` for each bit set in `used`.
template <typename Words, typename Visit>
void ForEachRoute(const Words& used, Visit visit) {
  for (uint32_t word = 0; word < used.size(); ++word) {
    for (uint64_t bits = used[word]; bits != 0; bits &= bits - 1) {
      visit(word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits)));
    }
  }
}

}  // namespace stirbar
