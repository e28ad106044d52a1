#include "probe/pool_upkeep.h"

#include <algorithm>

namespace stirbar {

Upkeep UpkeepOf(const UpkeepTimes& times, const UpkeepLimits& limits, uint64_t now_ns) noexcept {
  if (limits.closes_expired && now_ns >= times.expires_ns) return Upkeep::kExpired;
  if (now_ns >= times.idle_since_ns + limits.idle_timeout_ns) return Upkeep::kIdle;
  const uint64_t keep_alive_ns = limits.keep_alive_ns;
  if (keep_alive_ns != 0 && now_ns >= times.last_sign_ns + keep_alive_ns) return Upkeep::kPing;
  return Upkeep::kNone;
}

uint64_t ExpiryOf(uint64_t now_ns, uint64_t lifetime_ns, uint64_t chance) noexcept {
  if (lifetime_ns == 0) return UINT64_MAX;
  return now_ns + lifetime_ns - chance % (lifetime_ns / 10 + 1);
}

uint32_t SurplusMeter::Note(uint32_t lowest, uint64_t now_ns, uint64_t linger_ns) noexcept {
  if (known_ == 0) {
    known_ = 1;
    current_ = lowest;
    part_since_ns_ = now_ns;
    return 0;
  }
  current_ = std::min(current_, lowest);
  if (now_ns - part_since_ns_ >= linger_ns / kParts) {
    lowest_[known_ % kParts] = current_;
    ++known_;
    current_ = UINT32_MAX;
    part_since_ns_ = now_ns;
  }
  if (known_ <= kParts) return 0;
  return std::min(current_, *std::min_element(lowest_.begin(), lowest_.end()));
}

}  // namespace stirbar
