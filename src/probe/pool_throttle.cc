#include "probe/pool_throttle.h"

namespace stirbar {

bool PoolThrottle::Refuses(const Candidate& candidate) noexcept {
  const bool queue_is_long =
      candidate.waiting_most != 0 && 2 * candidate.waiting >= candidate.waiting_most;
  if (!throttles_ && full_intervals_ >= kIntervals &&
      (candidate.predicted_ns > candidate.budget_ns || queue_is_long)) {
    throttles_ = true;
    relaxed_since_ns_ = 0;
    admitted_ns_ = candidate.now_ns;
  }
  const bool is_low = candidate.lane == PoolLane::kTask ||
                      candidate.criticality == Criticality::kSheddable ||
                      candidate.criticality == Criticality::kBackground;
  if (!throttles_ || !is_low) return false;
  if (candidate.now_ns - admitted_ns_ < kOneEveryNs) return true;
  admitted_ns_ = candidate.now_ns;
  return false;
}

void PoolThrottle::EndInterval(uint64_t now_ns, uint32_t capacity, double threshold) noexcept {
  if (interval_ends_ns_ != 0) {
    // Where nobody came for a while, the interval was longer, and counts as several.
    const uint64_t begun_ns = interval_ends_ns_ - kIntervalNs;
    const uint64_t passed = (now_ns - begun_ns) / kIntervalNs;
    full_intervals_ = fewest_ >= threshold * capacity ? full_intervals_ + passed : 0;
    if (most_ >= kRecoverRatio * capacity) {
      relaxed_since_ns_ = 0;
    } else if (relaxed_since_ns_ == 0) {
      relaxed_since_ns_ = begun_ns;
    }
    if (relaxed_since_ns_ != 0 && now_ns - relaxed_since_ns_ >= kRecoverNs) throttles_ = false;
  }
  // The next one begins with what is in use now.
  fewest_ = in_use_;
  most_ = in_use_;
  interval_ends_ns_ = now_ns + kIntervalNs;
}

}  // namespace stirbar
