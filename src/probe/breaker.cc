#include "probe/breaker.h"

#include <algorithm>

namespace stirbar {

uint64_t Breaker::Admit(uint64_t now_ns) {
  if (state_ == State::kClosed) return 0;
  if (state_ == State::kOpen) {
    if (now_ns < open_until_ns_) return open_until_ns_ - now_ns;
    state_ = State::kHalfOpen;
    successes_ = 0;
    trial_runs_ = false;
  }
  const uint64_t limit =
      options_.trial_limit_ns != 0 ? options_.trial_limit_ns : options_.cooldown_ns;
  const uint64_t given_up_ns = trial_since_ns_ + limit;
  if (trial_runs_ && now_ns < given_up_ns) return given_up_ns - now_ns;
  trial_runs_ = true;
  trial_since_ns_ = now_ns;
  return 0;
}

void Breaker::BeginTrial(uint64_t now_ns) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kOpen) {
    state_ = State::kHalfOpen;
    successes_ = 0;
  }
  trial_runs_ = true;
  trial_since_ns_ = now_ns;
}

void Breaker::Ended(bool failed, uint64_t now_ns, double random) {
  switch (state_) {
    case State::kClosed:
      Count(failed, now_ns);
      if (failures_in_a_row_ >= options_.failures ||
          (window_calls_ >= kWindowCalls && 2 * window_failures_ >= window_calls_)) {
        Open(now_ns, random);
      }
      break;
    case State::kOpen:
      // Let through before it opened: what it says is older than the verdict.
      break;
    case State::kHalfOpen:
      trial_runs_ = false;
      if (failed) {
        Open(now_ns, random);
      } else if (++successes_ >= kSuccessesToClose) {
        Close();
      }
      break;
  }
}

void Breaker::Broke(uint64_t now_ns, double random) {
  // Otherwise it was opened before the verdict, and says nothing new.
  if (state_ == State::kClosed && ++failures_in_a_row_ >= options_.failures) Open(now_ns, random);
}

void Breaker::Count(bool failed, uint64_t now_ns) {
  if (now_ns - window_since_ns_ > kWindowNs) {
    window_since_ns_ = now_ns;
    window_calls_ = 0;
    window_failures_ = 0;
  }
  ++window_calls_;
  window_failures_ += failed ? 1 : 0;
  failures_in_a_row_ = failed ? failures_in_a_row_ + 1 : 0;
}

void Breaker::Open(uint64_t now_ns, double random) {
  const auto cooldown = static_cast<double>(options_.cooldown_ns * factor_);
  state_ = State::kOpen;
  const double share =
      options_.jitter == BreakerOptions::Jitter::kFull ? random : 1 + 0.25 * random;
  open_until_ns_ = now_ns + static_cast<uint64_t>(cooldown * share);
  factor_ = std::min(2 * factor_, options_.longest_factor);
}

void Breaker::Close() {
  state_ = State::kClosed;
  factor_ = 1;
  failures_in_a_row_ = 0;
  window_calls_ = 0;
  window_failures_ = 0;
}

}  // namespace stirbar
