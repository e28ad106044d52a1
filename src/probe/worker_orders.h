// What holds for the requests of this worker just now: settings, and the supervisor's orders, each
// as one word, so that a request reads what it needs with plain loads.
#pragma once

#include <atomic>
#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

// A supervisor whose heartbeat is older counts as gone, and with it all that it has ordered.
inline constexpr uint64_t kSupervisorGoneNs = 2'000'000'000;

// Whether a supervisor watches this segment.
bool SupervisorIsThere(const SupervisorBlock& supervisor, uint64_t now_ns) noexcept;

// Threads: written by the beat thread, ten times a second; read by any. The values are independent
// of each other, so that relaxed loads serve.
struct WorkerOrders {
  // From the settings.
  std::atomic<uint64_t> slow_after_ns{5'000'000'000};
  std::atomic<uint64_t> deadline_ns{10'000'000'000};
  std::atomic<uint64_t> delay_target_ns{100'000'000};
  std::atomic<uint64_t> stuck_limit_ns{30'000'000'000};
  std::atomic<uint32_t> admission_mode{0};     // 0 off, 1 observe, 2 on: what is in effect
  std::atomic<uint32_t> concurrency_limit{0};  // of the operator; 0: found by measurement
  std::atomic<uint32_t> long_lived_limit{0};   // 0: none
  std::atomic<uint32_t> address_bits{24};
  std::atomic<uint32_t> observe_only{0};
  std::atomic<uint32_t> database_breaker_mode{2};  // as admission_mode
  std::atomic<uint32_t> pool_throttle_mode{2};
  std::atomic<double> pool_full_ratio{0.9};  // pool_utilization_warning_threshold
  std::atomic<uint64_t> leak_after_ns{30'000'000'000};
  std::atomic<uint32_t> leak_reclaim_mode{1};  // as admission_mode
  std::atomic<uint32_t> leak_close{0};
  std::atomic<uint64_t> slow_query_ns{2'000'000'000};
  // From the supervisor, or the operator over it.
  std::atomic<uint32_t> shed_level{0};
  std::atomic<uint32_t> shed_by_operator{0};
  std::atomic<uint32_t> backlog{0};  // 0: the server's own
  std::atomic<double> pressure{0};
};

// Copies what has changed. Pure but for `orders`; a supervisor that is gone orders nothing.
void RefreshOrders(const Segment& segment, uint64_t now_ns, WorkerOrders* orders) noexcept;

}  // namespace stirbar
