// How long calm must last before a measure is taken back: longer each time that this was a mistake.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace stirbar {

// A measure that is needed again within a minute of its end was taken back too soon: the hold
// doubles, up to 60 s. A minute without it resets the hold.
class ReentryHold {
 public:
  explicit ReentryHold(double first_seconds)
      : first_seconds_(first_seconds), seconds_(first_seconds) {}

  double seconds() const { return seconds_; }
  // True: it had ended less than a minute before.
  bool Enter(uint64_t now_ns) {
    const bool again = left_ns_ != 0 && Seconds(AgeOf(left_ns_, now_ns)) < kSoonSeconds;
    seconds_ = again ? std::min(2 * seconds_, kLongestSeconds) : first_seconds_;
    return again;
  }
  void Leave(uint64_t now_ns) { left_ns_ = now_ns; }

 private:
  static constexpr double kSoonSeconds = 60;
  static constexpr double kLongestSeconds = 60;

  const double first_seconds_;
  double seconds_;
  uint64_t left_ns_ = 0;  // 0: never
};

// For how long something has been true without a break.
class Lasting {
 public:
  void Note(bool is_true, uint64_t now_ns) {
    if (!is_true) {
      since_ns_ = 0;
    } else if (since_ns_ == 0) {
      since_ns_ = now_ns;
    }
  }
  void Forget() { since_ns_ = 0; }
  bool IsFor(double seconds, uint64_t now_ns) const {
    return since_ns_ != 0 && Seconds(AgeOf(since_ns_, now_ns)) >= seconds;
  }

 private:
  uint64_t since_ns_ = 0;  // 0: is not true
};

}  // namespace stirbar
