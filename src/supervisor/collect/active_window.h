// How many connections were in use at once over the last 15 minutes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

// Threads: one.
class ActiveWindow {
 public:
  // Fewer looks than these, a minute's at four a second, say nothing.
  static constexpr uint64_t kFewestLooks = 240;

  void Add(uint64_t now_ns, uint32_t active) {
    const uint64_t minute = now_ns / kMinuteNs;
    if (minute != minute_) {
      const uint64_t passed = minute > minute_ ? minute - minute_ : kMinutes;
      for (uint64_t n = 0; n < std::min<uint64_t>(passed, kMinutes); ++n) {
        parts_[(minute - n) % kMinutes] = {};
      }
      minute_ = minute;
    }
    ++parts_[minute % kMinutes][std::min<size_t>(active, kMaxConnections)];
  }

  // The number that 95 of 100 looks did not exceed; negative: not enough looks.
  int64_t P95() const {
    const Counts counts = Sum();
    uint64_t looks = 0;
    for (const uint64_t count : counts) looks += count;
    if (looks < kFewestLooks) return -1;
    uint64_t below = 0;
    for (size_t active = 0; active < counts.size(); ++active) {
      below += counts[active];
      if (below * 100 >= looks * 95) return static_cast<int64_t>(active);
    }
    return static_cast<int64_t>(kMaxConnections);
  }

  uint32_t Max() const {
    const Counts counts = Sum();
    for (size_t active = counts.size(); active-- > 0;) {
      if (counts[active] > 0) return static_cast<uint32_t>(active);
    }
    return 0;
  }

 private:
  static constexpr uint64_t kMinuteNs = 60'000'000'000;
  static constexpr uint64_t kMinutes = 16;  // 15 whole ones and the one that fills
  using Counts = std::array<uint64_t, kMaxConnections + 1>;

  Counts Sum() const {
    Counts counts{};
    for (const auto& part : parts_) {
      for (size_t i = 0; i < counts.size(); ++i) counts[i] += part[i];
    }
    return counts;
  }

  std::array<std::array<uint16_t, kMaxConnections + 1>, kMinutes> parts_{};
  uint64_t minute_ = 0;
};

}  // namespace stirbar
