// Whether a request that has come shall be served: the decision alone, pure.
//
// In this order:
//   1  a critical one is served.
//   2  one that has waited so long that its answer would come too late is refused: it would cost
//      the work and help nobody.
//   3  the level (of the supervisor, or of the operator) refuses the classes above it.
//   4  overloaded (QueueDelay): background is refused; sheddable when it has waited longer than the
//      target; normal when it has waited more than half of the time that its client gives it. First
//      come, first served would let all of them wait until just before they are useless.
//   5  more at once than the concurrency limit, where one holds.
// No class starves: against 3 by measurement, 4 and 5 each keeps one request a second.
//
// Threads: with the interpreter lock held. Time: under 100 instructions; IsQuiet(), which is all
// that most requests meet, about 10.
#pragma once

#include <array>
#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

// Whether a queue stands: CoDel's observation (RFC 8289, section 3) that a burst drains and a
// standing queue does not. Its measure is the smallest queue time of an interval; interval and
// the idea to take the state from whole intervals are folly's (folly/executors/Codel.h).
class QueueDelay {
 public:
  static constexpr uint64_t kIntervalNs = 100'000'000;  // CoDel's; longer where nobody comes

  // A request has come that waited `queue_ns`.
  void Add(uint64_t now_ns, uint64_t queue_ns, uint64_t target_ns) noexcept {
    if (queue_ns < smallest_ns_) smallest_ns_ = queue_ns;
    if (now_ns >= interval_ends_ns_) [[unlikely]]
      EndInterval(now_ns, target_ns);
  }

  // From when on; 0: not overloaded. Entered when the smallest queue time of an interval is above
  // the target, left when it is below half of it.
  uint64_t overloaded_since_ns() const { return overloaded_since_ns_; }
  bool overloaded() const { return overloaded_since_ns_ != 0; }
  // The smallest queue time of the newest whole interval.
  uint64_t delay_ns() const { return delay_ns_; }

 private:
  void EndInterval(uint64_t now_ns, uint64_t target_ns) noexcept;

  uint64_t smallest_ns_ = UINT64_MAX;
  uint64_t interval_ends_ns_ = 0;
  uint64_t delay_ns_ = 0;
  uint64_t overloaded_since_ns_ = 0;
};

enum class Refusal : uint8_t { kNone = 0, kDeadline, kLevel, kDelay, kConcurrency };

class Admission {
 public:
  // What holds for the whole worker.
  struct Rules {
    uint32_t level = 0;
    bool level_by_operator = false;
    uint64_t target_ns = 100'000'000;
    uint32_t limit = 0;  // requests at once; 0: none
    bool limit_by_operator = false;
  };
  // One request.
  struct Candidate {
    uint64_t now_ns = 0;
    uint64_t queue_ns = 0;
    uint64_t budget_ns = 0;    // how long its client waits, queue included
    uint64_t expected_ns = 0;  // how long its route usually takes; 0: not known
    uint32_t running = 0;      // others in the app
    Criticality criticality = Criticality::kNormal;
  };

  // Where neither a level nor a limit is ordered, nothing is to be looked at more closely.
  bool IsQuiet(uint64_t queue_ns, uint64_t target_ns) const noexcept {
    return queue_ns <= target_ns && !delay.overloaded();
  }

  // What is let in is remembered: ask once for each request that is to be served.
  Refusal Judge(const Rules& rules, const Candidate& candidate) noexcept;
  // The same answer, and nothing is remembered.
  Refusal Foresee(const Rules& rules, const Candidate& candidate) const noexcept;

  QueueDelay delay;

 private:
  Refusal JudgeLoad(const Rules& rules, const Candidate& candidate) const noexcept;

  // When a request of each class was let through last, while something was refused.
  std::array<uint64_t, kCriticalities> admitted_ns_{};
};

// Seconds for Retry-After: about as long as requests wait now, spread so that those refused
// together do not come back together. `random`: any number.
uint32_t RetryAfterSeconds(uint64_t queue_ns, uint64_t random) noexcept;

}  // namespace stirbar
