// Whether calls to one host are worth making: the circuit breaker behind stirbar.protect(), and
// before each server of a pool (pool_targets.h).
//
//   closed ── failures in a row, or half of the newest calls ──> open
//   open ── cooldown over ──> half open: one trial call at a time, the others are refused
//   half open ── kSuccessesToClose trials succeeded ──> closed
//             └─ a trial failed ──> open, its cooldown doubled (up to longest_factor times the
//             first)
//
// A pure state machine: `now_ns` is any clock that does not go back. Threads: one at a time.
#pragma once

#include <cstdint>

namespace stirbar {

struct BreakerOptions {
  uint32_t failures = 5;  // in a row
  uint64_t cooldown_ns = 10'000'000'000;
  // 10 s become 80 s at most: a host that comes back is noticed within that.
  uint64_t longest_factor = 8;
  // What chance does to a cooldown, so that the workers of an app do not all try at the same
  // moment: up to a quarter longer, or anything between nothing and its full length ("full jitter":
  // the least work for the server, M. Brooker, "Exponential Backoff And Jitter", AWS 2015).
  enum class Jitter : uint8_t { kQuarter, kFull } jitter = Jitter::kQuarter;
  // A trial that never ends (its thread was killed) is given up after this; 0: after a cooldown.
  uint64_t trial_limit_ns = 0;
};

class Breaker {
 public:
  // A host that answers every second call is as useless as one that answers none, but never fails
  // often enough in a row: half of at least kWindowCalls calls of kWindowNs open it too.
  static constexpr uint64_t kWindowNs = 10'000'000'000;
  static constexpr uint32_t kWindowCalls = 10;
  // One success may be luck (one good machine of many behind a balancer), two hardly are.
  static constexpr uint32_t kSuccessesToClose = 2;

  enum class State : uint32_t { kClosed, kOpen, kHalfOpen };

  explicit Breaker(BreakerOptions options) : options_(options) {}

  // How long until the next call is let through; 0: this one is, and its end must be told by
  // Ended(), or by GaveUp() when nothing was learnt.
  uint64_t Admit(uint64_t now_ns);
  // For who tries without being asked: the next call is a trial, however long the cooldown. Nothing
  // while it is closed.
  void BeginTrial(uint64_t now_ns);

  // A call that was let through has ended. `random` of [0, 1) spreads the cooldown.
  void Ended(bool failed, uint64_t now_ns, double random);
  void GaveUp() { trial_runs_ = false; }
  // Something that an earlier call had opened has broken: a failure in a row, but none of the
  // share of calls, of which it is none.
  void Broke(uint64_t now_ns, double random);

  State state() const { return state_; }
  uint32_t failures_in_a_row() const { return failures_in_a_row_; }
  // 0 unless open.
  uint64_t open_until_ns() const { return state_ == State::kOpen ? open_until_ns_ : 0; }
  void set_options(BreakerOptions options) { options_ = options; }

 private:
  void Count(bool failed, uint64_t now_ns);
  void Open(uint64_t now_ns, double random);
  void Close();

  BreakerOptions options_;
  State state_ = State::kClosed;
  uint32_t failures_in_a_row_ = 0;
  uint64_t window_since_ns_ = 0;
  uint32_t window_calls_ = 0;
  uint32_t window_failures_ = 0;
  uint64_t open_until_ns_ = 0;
  uint64_t factor_ = 1;  // of the next cooldown
  uint64_t trial_since_ns_ = 0;
  bool trial_runs_ = false;
  uint32_t successes_ = 0;
};

}  // namespace stirbar
