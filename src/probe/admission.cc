#include "probe/admission.h"

#include <algorithm>

namespace stirbar {
namespace {

constexpr uint64_t kOneEachNs = 1'000'000'000;

// A route that takes longer than its deadline even without a queue says that the deadline is not
// meant for it. It is refused only when it has waited for half of it.
uint64_t ExpectedNs(const Admission::Candidate& candidate) {
  return std::min(candidate.expected_ns, candidate.budget_ns / 2);
}

}  // namespace

void QueueDelay::EndInterval(uint64_t now_ns, uint64_t target_ns) noexcept {
  delay_ns_ = smallest_ns_;
  if (delay_ns_ > target_ns) {
    if (overloaded_since_ns_ == 0) overloaded_since_ns_ = now_ns;
  } else if (delay_ns_ < target_ns / 2) {
    overloaded_since_ns_ = 0;
  }
  smallest_ns_ = UINT64_MAX;
  interval_ends_ns_ = now_ns + kIntervalNs;
}

Refusal Admission::JudgeLoad(const Rules& rules, const Candidate& candidate) const noexcept {
  const auto rank = static_cast<uint32_t>(candidate.criticality);
  // Level 1 refuses background (3), level 2 sheddable (2) too, level 3 normal (1) too.
  if (rank + rules.level >= kCriticalities) return Refusal::kLevel;
  if (delay.overloaded()) {
    if (candidate.criticality == Criticality::kBackground) return Refusal::kDelay;
    const uint64_t patience = candidate.criticality == Criticality::kSheddable
                                  ? rules.target_ns
                                  : std::max(candidate.budget_ns / 2, rules.target_ns);
    if (candidate.queue_ns > patience) return Refusal::kDelay;
  }
  if (rules.limit != 0 && candidate.running >= rules.limit &&
      (rules.limit_by_operator || delay.overloaded())) {
    return Refusal::kConcurrency;
  }
  return Refusal::kNone;
}

Refusal Admission::Foresee(const Rules& rules, const Candidate& candidate) const noexcept {
  if (candidate.criticality == Criticality::kCritical) return Refusal::kNone;
  // Without a wait there is nothing that an earlier answer would have saved.
  if (candidate.queue_ns > 0 && candidate.budget_ns > 0 &&
      candidate.queue_ns + ExpectedNs(candidate) > candidate.budget_ns) {
    return Refusal::kDeadline;
  }
  const Refusal refusal = JudgeLoad(rules, candidate);
  const bool by_operator = (refusal == Refusal::kLevel && rules.level_by_operator) ||
                           (refusal == Refusal::kConcurrency && rules.limit_by_operator);
  if (by_operator) return refusal;
  const uint64_t last = admitted_ns_[static_cast<size_t>(candidate.criticality)];
  const bool is_due = last == 0 || candidate.now_ns - last >= kOneEachNs;
  return is_due ? Refusal::kNone : refusal;
}

Refusal Admission::Judge(const Rules& rules, const Candidate& candidate) noexcept {
  const Refusal refusal = Foresee(rules, candidate);
  if (refusal == Refusal::kNone && candidate.criticality != Criticality::kCritical) {
    admitted_ns_[static_cast<size_t>(candidate.criticality)] = candidate.now_ns;
  }
  return refusal;
}

uint32_t RetryAfterSeconds(uint64_t queue_ns, uint64_t random) noexcept {
  constexpr uint64_t kLongest = 30;
  const uint64_t base = std::min(1 + queue_ns / 1'000'000'000U, kLongest);
  return static_cast<uint32_t>(base + random % (base + 2));
}

}  // namespace stirbar
