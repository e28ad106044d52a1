// What idle connections of a pool need from time to time: the decisions alone.
#pragma once

#include <array>
#include <cstdint>

namespace stirbar {

// Why a connection is taken out of the idle ones. Values are pool_upkeep.py's too.
enum class Upkeep : uint32_t {
  kNone = 0,
  kExpired = 1,  // past its lifetime: close
  kIdle = 2,     // nobody has used it for too long: close
  kSurplus = 3,  // beyond the pool's size, and not needed: close
  kPing = 4,     // has been silent for long: ask whether it lives
};

struct UpkeepTimes {
  uint64_t expires_ns = UINT64_MAX;  // monotonic
  uint64_t idle_since_ns = 0;        // monotonic
  uint64_t last_sign_ns = 0;         // monotonic: when it was used or answered last
};

struct UpkeepLimits {
  uint64_t idle_timeout_ns = 0;
  uint64_t keep_alive_ns = 0;  // 0: no pings
  bool closes_expired = true;  // false: they are replaced when they are asked for, not before
};

// kSurplus is none of its answers: that depends on all of them.
Upkeep UpkeepOf(const UpkeepTimes& times, const UpkeepLimits& limits, uint64_t now_ns) noexcept;

// When a connection that is opened now is to be replaced: up to a tenth before its lifetime ends,
// by `chance` (any number), so that those opened together do not all reconnect together. 0: never.
uint64_t ExpiryOf(uint64_t now_ns, uint64_t lifetime_ns, uint64_t chance) noexcept;

// How many idle connections nobody has needed for `linger`: the fewest that were idle at any moment
// of it. By connection it cannot be told: where the one idle longest is given out first, a handful
// of requests a minute keeps all of them in use.
class SurplusMeter {
 public:
  // `lowest`: the fewest that were idle since the call before. Returns how many had nothing to do
  // for `linger_ns` at least; 0 while that is not known.
  uint32_t Note(uint32_t lowest, uint64_t now_ns, uint64_t linger_ns) noexcept;
  // Some were closed: that many fewer can be idle.
  void Forget() noexcept { known_ = 0; }

 private:
  static constexpr uint32_t kParts = 4;
  std::array<uint32_t, kParts> lowest_{};
  uint32_t current_ = 0;
  uint32_t known_ = 0;  // parts that are whole
  uint64_t part_since_ns_ = 0;
};

}  // namespace stirbar
