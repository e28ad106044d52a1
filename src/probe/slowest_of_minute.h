// Which request is the slowest of its minute, so that one record a minute says what is slow where
// nothing is slow enough to count as slow.
#pragma once

#include <cstdint>

namespace stirbar {

// A pure state machine over the monotonic clock. Threads: one at a time. The slowest is known when
// its minute is over: the caller keeps a record of the candidate and passes it on then. (Passing on
// each one that is slower than all before would write up to a dozen a minute.)
class SlowestOfMinute {
 public:
  static constexpr uint64_t kMinuteNs = 60'000'000'000;
  // A tenth of a second is what people feel. What is faster than that is not worth a record.
  static constexpr uint64_t kFloorNs = 100'000'000;

  // Whether the minute of the candidate is over. Ask before Offer().
  bool IsOver(uint64_t now_ns) const { return longest_ns_ != 0 && now_ns / kMinuteNs != minute_; }
  // The candidate has been passed on.
  void Reset() { longest_ns_ = 0; }

  // A request has ended at `now_ns`. True: it is the candidate from now on.
  bool Offer(uint64_t duration_ns, uint64_t now_ns) {
    if (duration_ns < kFloorNs || duration_ns <= longest_ns_) return false;
    longest_ns_ = duration_ns;
    minute_ = now_ns / kMinuteNs;
    return true;
  }

 private:
  uint64_t longest_ns_ = 0;  // 0: no candidate
  uint64_t minute_ = 0;
};

}  // namespace stirbar
