#include "probe/pool_targets.h"

#include <algorithm>

namespace stirbar {
namespace {

bool IsClosed(const Breaker& breaker) { return breaker.state() == Breaker::State::kClosed; }

}  // namespace

PoolTargets::Choice PoolTargets::Choose(uint64_t now_ns, uint32_t tried) {
  const bool reconnector = ReconnectorIsThere(now_ns);
  Choice refused{.wait_ns = UINT64_MAX};
  for (const bool settled : {true, false}) {
    for (uint32_t i = 0; i < count_; ++i) {
      Target& target = targets_[i];
      if ((tried >> i & 1U) != 0 || IsSettled(target, now_ns) != settled) continue;
      uint64_t wait_ns = 0;
      if (reconnector && !target.rejected && !IsClosed(target.breaker)) {
        wait_ns = target.next_probe_ns > now_ns ? target.next_probe_ns - now_ns : 1;
      } else {
        wait_ns = target.breaker.Admit(now_ns);
        // Somebody tries it just now: that is soon known, however long it may take at most.
        if (target.breaker.state() == Breaker::State::kHalfOpen) {
          wait_ns = std::min(wait_ns, kBreaker.cooldown_ns);
        }
      }
      if (wait_ns == 0) return {.target = i};
      refused.wait_ns = std::min(refused.wait_ns, wait_ns);
    }
  }
  if (refused.wait_ns == UINT64_MAX) refused.wait_ns = 0;  // all were tried
  return refused;
}

TargetChange PoolTargets::Ended(uint32_t index, ConnectOutcome outcome, Moment moment) {
  Target& target = targets_[index];
  const bool probed = target.probed;
  if (probed) {
    target.probed = false;
    probing_since_ns_ = 0;
  }
  if (outcome == ConnectOutcome::kUnknown) {
    target.breaker.GaveUp();
    if (probed) PlanProbe(&target, outcome, moment);
    return TargetChange::kNone;
  }
  const Breaker::State before = target.breaker.state();
  const bool failed = outcome != ConnectOutcome::kConnected;
  target.rejected = outcome == ConnectOutcome::kRejected;
  target.breaker.Ended(failed, moment.now_ns, moment.random);
  if (failed && IsClosed(target.breaker) && !IsSettled(target, moment.now_ns)) {
    target.available_since_ns = moment.now_ns;
  }
  const TargetChange change = Note(&target, before, moment.now_ns);
  if (probed || change != TargetChange::kNone) PlanProbe(&target, outcome, moment);
  return change;
}

TargetChange PoolTargets::Broke(uint32_t index, Moment moment) {
  Target& target = targets_[index];
  const Breaker::State before = target.breaker.state();
  target.breaker.Broke(moment.now_ns, moment.random);
  const TargetChange change = Note(&target, before, moment.now_ns);
  if (change != TargetChange::kNone) {
    target.rejected = false;
    PlanProbe(&target, ConnectOutcome::kFailed, moment);
  }
  return change;
}

bool PoolTargets::FailsBack(uint32_t index, uint64_t now_ns) {
  if (index == 0 || index >= count_ || now_ns - failed_back_ns_ < kFailBackEveryNs) return false;
  for (uint32_t i = 0; i < index; ++i) {
    if (IsClosed(targets_[i].breaker) && IsSettled(targets_[i], now_ns)) {
      failed_back_ns_ = now_ns;
      return true;
    }
  }
  return false;
}

PoolTargets::Probe PoolTargets::NextProbe(uint64_t now_ns) {
  Probe next;
  for (uint32_t i = 0; i < count_; ++i) {
    if (!WantsProbe(targets_[i], now_ns)) continue;
    if (next.target == kNoTarget || targets_[i].next_probe_ns < next.due_ns) {
      next = {.target = i, .due_ns = targets_[i].next_probe_ns};
    }
  }
  promised_ns_ = next.target == kNoTarget ? 0 : std::max(next.due_ns, now_ns);
  return next;
}

void PoolTargets::BeginProbe(uint32_t index, uint64_t now_ns) {
  Target& target = targets_[index];
  target.probed = true;
  probing_since_ns_ = now_ns;
  target.breaker.BeginTrial(now_ns);
}

uint64_t PoolTargets::next_try_ns(uint32_t index) const {
  const Target& target = targets_[index];
  if (IsClosed(target.breaker)) return 0;
  return promised_ns_ != 0 && !target.rejected ? target.next_probe_ns
                                               : target.breaker.open_until_ns();
}

bool PoolTargets::WantsProbe(const Target& target, uint64_t now_ns) const {
  if (!IsClosed(target.breaker)) return !target.rejected;
  return count_ > 1 && !IsSettled(target, now_ns);
}

bool PoolTargets::ReconnectorIsThere(uint64_t now_ns) const {
  if (probing_since_ns_ != 0) return now_ns - probing_since_ns_ < kProbeLimitNs;
  return promised_ns_ != 0 && now_ns < promised_ns_ + kReconnectorLateNs;
}

void PoolTargets::PlanProbe(Target* target, ConnectOutcome outcome, Moment moment) const {
  if (outcome == ConnectOutcome::kConnected) {
    // At once while the breaker waits for more successes, then now and then until it is settled.
    target->retry_ns = kFirstRetryNs;
    target->next_probe_ns = moment.now_ns + (IsClosed(target->breaker) ? kLongestRetryNs : 0);
    return;
  }
  const auto wait = static_cast<uint64_t>(static_cast<double>(target->retry_ns) * moment.random);
  target->next_probe_ns = moment.now_ns + wait;
  target->retry_ns = std::min(2 * target->retry_ns, kLongestRetryNs);
}

TargetChange PoolTargets::Note(Target* target, Breaker::State before, uint64_t now_ns) const {
  const bool was_closed = before == Breaker::State::kClosed;
  if (was_closed == IsClosed(target->breaker)) return TargetChange::kNone;
  if (was_closed) {
    target->unavailable_since_ns = now_ns;
  } else if (IsClosed(target->breaker)) {
    target->unavailable_since_ns = 0;
    target->available_since_ns = now_ns;
  }
  return was_closed ? TargetChange::kUnavailable : TargetChange::kAvailable;
}

}  // namespace stirbar
