// Whether a pool that is nearly full refuses low-priority checkouts, so that its last connections,
// and the places in its queue, are left for requests that matter. The decision alone, pure.
//
//   begins   when no less than `threshold` of the connections were in use throughout three whole
//            intervals (a burst drains; this does not), and either a checkout must expect to wait
//            longer than its budget, or half of the queue's places are taken.
//   then     sheddable and background requests and tasks are refused, but for one a second: no
//            class starves. Normal and critical ones never are.
//   ends     when less than kRecoverRatio was in use for kRecoverNs. The two thresholds lie apart
//   so
//            that refusing does not by itself end what made it necessary.
//
// Threads: with the interpreter lock held. Time: 5 instructions, once in an interval 30.
#pragma once

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

class PoolThrottle {
 public:
  static constexpr uint64_t kIntervalNs = 100'000'000;
  static constexpr uint32_t kIntervals = 3;
  static constexpr double kRecoverRatio = 0.7;
  static constexpr uint64_t kRecoverNs = 5'000'000'000;
  static constexpr uint64_t kOneEveryNs = 1'000'000'000;

  // So many connections are in use now. Whenever that changes.
  void NoteInUse(uint32_t in_use) noexcept {
    if (in_use < fewest_) fewest_ = in_use;
    if (in_use > most_) most_ = in_use;
    in_use_ = in_use;
  }
  // Of so many at most, not 0; `threshold` of 0..1. Before Refuses(), and once a second or so.
  void NoteTime(uint64_t now_ns, uint32_t capacity, double threshold) noexcept {
    if (now_ns >= interval_ends_ns_) EndInterval(now_ns, capacity, threshold);
  }

  struct Candidate {
    uint64_t now_ns = 0;
    PoolLane lane = PoolLane::kRequest;
    Criticality criticality = Criticality::kNormal;
    uint64_t budget_ns = 0;     // how long it can wait
    uint64_t predicted_ns = 0;  // how long it must expect to
    uint32_t waiting = 0;
    uint32_t waiting_most = 0;  // places in the queue; 0: unlimited
  };
  // True: refuse it. For checkouts that must wait, and while it throttles for all.
  bool Refuses(const Candidate& candidate) noexcept;

  // Refuses low-priority checkouts now.
  bool throttles() const { return throttles_; }

 private:
  void EndInterval(uint64_t now_ns, uint32_t capacity, double threshold) noexcept;

  uint32_t fewest_ = UINT32_MAX;  // of the interval
  uint32_t most_ = 0;
  uint32_t in_use_ = 0;
  uint64_t interval_ends_ns_ = 0;
  uint64_t full_intervals_ = 0;
  uint64_t relaxed_since_ns_ = 0;  // 0: an interval was not
  uint64_t admitted_ns_ = 0;
  bool throttles_ = false;
};

// How long a newcomer must expect to wait: as long as it takes those before it and one more
// connection to come back, when each is held for `hold_ns`.
inline uint64_t PredictedWaitNs(uint32_t waiting, uint32_t connections, uint64_t hold_ns) noexcept {
  return connections == 0 ? 0 : (uint64_t{waiting} + 1) * hold_ns / connections;
}

}  // namespace stirbar
