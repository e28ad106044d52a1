// The last minute in seven parts of ten seconds: six whole ones and the one that fills now.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace stirbar {

// `Part` is a plain value, empty when value-initialised. What a window covers: 60 to 70 s.
template <typename Part>
class MinuteRing {
 public:
  static constexpr uint64_t kPartNs = 10'000'000'000;
  static constexpr size_t kParts = 7;

  // The number of the part that `now_ns` falls into: tens of seconds since boot.
  static uint64_t NumberOf(uint64_t now_ns) { return now_ns / kPartNs; }

  // Empties what has run out between part `before` and part `now`, both inclusive of `now`.
  void Renew(uint64_t before, uint64_t now) {
    for (uint64_t n = std::max(before + 1, now >= kParts ? now - kParts + 1 : 0); n <= now; ++n) {
      parts_[n % kParts] = {};
    }
  }

  Part& At(uint64_t number) { return parts_[number % kParts]; }
  const std::array<Part, kParts>& parts() const { return parts_; }

 private:
  std::array<Part, kParts> parts_{};
};

}  // namespace stirbar
