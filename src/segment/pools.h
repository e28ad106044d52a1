// Pools and connections in the segment: reading them, and what is done with them when their worker
// is buried.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "segment/layout.h"

namespace stirbar {

inline uint64_t Count(const PoolTotals& totals, PoolCounter counter) {
  return totals.counters[static_cast<size_t>(counter)];
}
inline Word& Counter(PoolStats& stats, PoolCounter counter) {
  return stats.counters[static_cast<size_t>(counter)];
}

// Adds what a worker did with a pool to `totals`.
void AddPoolStats(const PoolStats& stats, PoolTotals* totals);
void AddPoolTotals(const PoolTotals& more, PoolTotals* totals);

// Back to all-zero; pages that were never used stay untouched.
void WipePools(WorkerPools* pools);

// One connection as it was at one moment.
struct ConnectionCopy {
  ConnectionState state = ConnectionState::kFree;
  LeakKind leak = LeakKind::kNone;
  PoolLane lane = PoolLane::kRequest;
  uint32_t pool = kPoolOther;
  uint32_t in_flight = kMaxInFlight;
  uint32_t route = kRouteUnknown;
  uint32_t thread = 0;
  uint32_t statements = 0;
  uint32_t target = 0;
  uint64_t number = 0;
  uint64_t created_ns = 0;
  uint64_t since_ns = 0;
  uint64_t request_started_ns = 0;
  uint64_t transaction_since_ns = 0;
  struct Entry {
    uint64_t code = 0;
    uint64_t instruction = 0;
  };
  std::array<Entry, kStackFrames> stack{};
};

// Absent: free, or torn at each of a few tries. Values that are no index are made kPoolOther,
// kMaxInFlight, kRouteUnknown.
std::optional<ConnectionCopy> ReadConnection(const Connection& connection);

// For the owner: writes of the fields below `sequence` stand between the two.
void BeginChange(Connection& connection) noexcept;
void EndChange(Connection& connection) noexcept;

}  // namespace stirbar
