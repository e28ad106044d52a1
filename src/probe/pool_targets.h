// Which of a pool's servers the next connection is opened to: its own, or a standby while that one
// is gone. The decision alone, pure.
//
//   order   its own first, standbys as they are listed. One that has come back is last until it has
//           been well for kSettleNs: who flaps shall not be failed back to.
//   left alone   a server whose breaker is open (breaker.h). Two ways lead back:
//             * a reconnector, in the background, tries it after 50 ms, doubling to 5 s. No request
//               waits for a dead server, and one that returns serves again within 5 s.
//             * where none runs (no threads), and for a server that rejects us (wrong password, no
//               such database: trying helps only after somebody has changed something, and locks
//               accounts until then), one request at a time tries, after 0.5 s, doubling to 30 s.
//             All of these are spread by full jitter.
//   fail back    connections to standbys are closed when they come back, at most one a second: a
//           server that has just started has cold caches.
//
// Threads: one at a time. `now_ns` is any clock that does not go back, `random` of [0, 1).
#pragma once

#include <array>
#include <cstdint>

#include "probe/breaker.h"
#include "segment/layout.h"

namespace stirbar {

inline constexpr uint32_t kNoTarget = kMaxTargets;

enum class ConnectOutcome : uint32_t {
  kConnected = 0,
  kFailed = 1,    // not reached, or it has no room
  kRejected = 2,  // it does not want us
  kUnknown = 3,   // given up for a reason that says nothing of the server
};

// What an outcome has changed.
enum class TargetChange : uint32_t { kNone = 0, kUnavailable = 1, kAvailable = 2 };

class PoolTargets {
 public:
  static constexpr uint64_t kSettleNs = 30'000'000'000;
  static constexpr uint64_t kFailBackEveryNs = 1'000'000'000;
  static constexpr uint64_t kFirstRetryNs = 50'000'000;
  static constexpr uint64_t kLongestRetryNs = 5'000'000'000;
  // Between the first and the longest wait of a breaker: 0.5 s, 30 s.
  static constexpr BreakerOptions kBreaker{.failures = 5,
                                           .cooldown_ns = 500'000'000,
                                           .longest_factor = 60,
                                           .jitter = BreakerOptions::Jitter::kFull,
                                           .trial_limit_ns = 30'000'000'000};
  // A reconnector that is so late, or tries for so long, does not run.
  static constexpr uint64_t kReconnectorLateNs = 1'000'000'000;
  static constexpr uint64_t kProbeLimitNs = 60'000'000'000;

  // `count`: 1..kMaxTargets.
  explicit PoolTargets(uint32_t count) : count_(count) {}

  struct Moment {
    uint64_t now_ns = 0;
    double random = 0;
  };

  struct Choice {
    uint32_t target = kNoTarget;
    uint64_t wait_ns = 0;  // with kNoTarget: until one may be tried
  };
  // `tried`: bit i for each target that has failed this caller already. Who gets a target must say
  // by Ended() how it went.
  Choice Choose(uint64_t now_ns, uint32_t tried);
  TargetChange Ended(uint32_t target, ConnectOutcome outcome, Moment moment);
  // A connection has broken in use.
  TargetChange Broke(uint32_t target, Moment moment);
  // Whether a connection to `target` that comes back shall be closed.
  bool FailsBack(uint32_t target, uint64_t now_ns);

  // For the reconnector: what it shall try, and when. kNoTarget: nothing, its work is done. It must
  // ask again by then.
  struct Probe {
    uint32_t target = kNoTarget;
    uint64_t due_ns = 0;
  };
  Probe NextProbe(uint64_t now_ns);
  // It tries; Ended() says how it went.
  void BeginProbe(uint32_t target, uint64_t now_ns);

  uint32_t count() const { return count_; }
  const Breaker& breaker(uint32_t target) const { return targets_[target].breaker; }
  uint64_t unavailable_since_ns(uint32_t target) const {
    return targets_[target].unavailable_since_ns;
  }
  // When it is tried next; 0: it is not left alone.
  uint64_t next_try_ns(uint32_t target) const;

 private:
  struct Target {
    Breaker breaker{kBreaker};
    bool rejected = false;
    bool probed = false;  // the reconnector tries it
    uint64_t unavailable_since_ns = 0;
    uint64_t available_since_ns = 0;  // 0: it never was unavailable
    uint64_t retry_ns = kFirstRetryNs;
    uint64_t next_probe_ns = 0;
  };

  bool IsSettled(const Target& target, uint64_t now_ns) const {
    return target.available_since_ns == 0 || now_ns - target.available_since_ns >= kSettleNs;
  }
  bool WantsProbe(const Target& target, uint64_t now_ns) const;
  bool ReconnectorIsThere(uint64_t now_ns) const;
  void PlanProbe(Target* target, ConnectOutcome outcome, Moment moment) const;
  TargetChange Note(Target* target, Breaker::State before, uint64_t now_ns) const;

  uint32_t count_;
  std::array<Target, kMaxTargets> targets_;
  uint64_t failed_back_ns_ = 0;
  uint64_t promised_ns_ = 0;  // when the reconnector comes next; 0: it has nothing to do
  uint64_t probing_since_ns_ = 0;
};

}  // namespace stirbar
