#include "probe/admission.h"

#include <gtest/gtest.h>

#include <set>

namespace stirbar {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMs;
constexpr uint64_t kTarget = 100 * kMs;

Admission::Candidate Request(Criticality criticality, uint64_t queue_ns,
                             uint64_t now_ns = kSecond) {
  return {.now_ns = now_ns,
          .queue_ns = queue_ns,
          .budget_ns = kSecond,
          .expected_ns = 20 * kMs,
          .criticality = criticality};
}

void Overload(Admission* admission) {
  admission->delay.Add(1, 0, kTarget);
  admission->delay.Add(1 + QueueDelay::kIntervalNs, 2 * kTarget, kTarget);
  EXPECT_TRUE(admission->delay.overloaded());
}

// The one request of each class that is let through in a second.
void UseUpTheOneOfASecond(Admission* admission, const Admission::Rules& rules) {
  for (size_t i = 0; i < kCriticalities; ++i) {
    admission->Judge(rules, Request(static_cast<Criticality>(i), 0));
  }
}

TEST(QueueDelay, BurstIsNoOverload) {
  QueueDelay delay;
  delay.Add(1, 0, kTarget);
  for (uint64_t i = 1; i <= 50; ++i) delay.Add(i, 500 * kMs, kTarget);
  delay.Add(50, 10 * kMs, kTarget);
  delay.Add(2 * QueueDelay::kIntervalNs, 500 * kMs, kTarget);
  EXPECT_FALSE(delay.overloaded());
  EXPECT_EQ(delay.delay_ns(), 10 * kMs);
}

TEST(QueueDelay, StandingQueueIsOverloadUntilItIsGone) {
  QueueDelay delay;
  uint64_t now = 1;
  delay.Add(now, 0, kTarget);
  const auto interval = [&](uint64_t queue_ns) {
    delay.Add(now += QueueDelay::kIntervalNs, queue_ns, kTarget);
    return delay.overloaded();
  };
  EXPECT_FALSE(interval(kTarget));
  EXPECT_TRUE(interval(kTarget + 1));
  EXPECT_EQ(delay.overloaded_since_ns(), now);
  EXPECT_TRUE(interval(kTarget / 2));  // between the two thresholds: as it was
  EXPECT_FALSE(interval(kTarget / 2 - 1));
  EXPECT_FALSE(interval(kTarget));
}

TEST(QueueDelay, IntervalWithoutRequestsGoesOn) {
  QueueDelay delay;
  delay.Add(1, 0, kTarget);
  delay.Add(50 * kSecond, 3 * kTarget, kTarget);
  EXPECT_TRUE(delay.overloaded());
  delay.Add(100 * kSecond, 0, kTarget);
  EXPECT_FALSE(delay.overloaded());
}

TEST(Admission, QuietWorkerIsNotLookedAt) {
  Admission admission;
  EXPECT_TRUE(admission.IsQuiet(kTarget, kTarget));
  EXPECT_FALSE(admission.IsQuiet(kTarget + 1, kTarget));
  Overload(&admission);
  EXPECT_FALSE(admission.IsQuiet(0, kTarget));
}

TEST(Admission, LevelRefusesTheClassesAboveIt) {
  for (uint32_t level = 0; level <= 3; ++level) {
    const Admission::Rules rules{.level = level, .level_by_operator = true};
    for (uint32_t rank = 0; rank < kCriticalities; ++rank) {
      Admission admission;
      const Refusal refusal = admission.Judge(rules, Request(static_cast<Criticality>(rank), 0));
      EXPECT_EQ(refusal != Refusal::kNone, rank + level >= 4) << level << " " << rank;
    }
  }
}

TEST(Admission, AnswerThatWouldComeTooLateIsNotMade) {
  Admission admission;
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kNormal, 975 * kMs)), Refusal::kNone);
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kNormal, 981 * kMs)), Refusal::kDeadline);
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kCritical, 9 * kSecond)), Refusal::kNone);
}

TEST(Admission, RouteSlowerThanItsDeadlineIsServed) {
  Admission admission;
  Admission::Candidate report = Request(Criticality::kNormal, 0);
  report.expected_ns = 30 * kSecond;
  EXPECT_EQ(admission.Judge({}, report), Refusal::kNone);
  report.queue_ns = 400 * kMs;
  EXPECT_EQ(admission.Judge({}, report), Refusal::kNone);
  report.queue_ns = 501 * kMs;
  EXPECT_EQ(admission.Judge({}, report), Refusal::kDeadline);
}

TEST(Admission, OverloadRefusesTheLeastImportantFirst) {
  Admission admission;
  Overload(&admission);
  UseUpTheOneOfASecond(&admission, {});
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kBackground, 0)), Refusal::kDelay);
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kSheddable, 50 * kMs)), Refusal::kNone);
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kSheddable, 200 * kMs)), Refusal::kDelay);
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kNormal, 500 * kMs)), Refusal::kNone);
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kNormal, 501 * kMs)), Refusal::kDelay);
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kCritical, 501 * kMs)), Refusal::kNone);
}

TEST(Admission, NoClassStarves) {
  Admission admission;
  Overload(&admission);
  int served = 0;
  for (uint64_t now = kSecond; now < 11 * kSecond; now += 20 * kMs) {
    served += admission.Judge({}, Request(Criticality::kBackground, 0, now)) == Refusal::kNone;
  }
  EXPECT_EQ(served, 10);
  // But not against its own deadline.
  EXPECT_EQ(admission.Judge({}, Request(Criticality::kBackground, kSecond, 99 * kSecond)),
            Refusal::kDeadline);
}

TEST(Admission, LimitHoldsUnderOverloadOrByOrder) {
  Admission admission;
  Admission::Candidate request = Request(Criticality::kNormal, 0);
  request.running = 8;
  EXPECT_EQ(admission.Judge({.limit = 8}, request), Refusal::kNone);
  EXPECT_EQ(admission.Judge({.limit = 8, .limit_by_operator = true}, request),
            Refusal::kConcurrency);
  Overload(&admission);
  EXPECT_EQ(admission.Judge({.limit = 8}, request), Refusal::kConcurrency);
  EXPECT_EQ(admission.Judge({.limit = 9}, request), Refusal::kNone);
}

TEST(Admission, RetryAfterIsSpread) {
  std::set<uint32_t> seen;
  for (uint64_t random = 0; random < 100; ++random) {
    seen.insert(RetryAfterSeconds(2 * kSecond, random));
  }
  EXPECT_EQ(*seen.begin(), 3U);
  EXPECT_EQ(*seen.rbegin(), 7U);
  EXPECT_LE(RetryAfterSeconds(UINT64_MAX, 12345), 61U);
}

}  // namespace
}  // namespace stirbar
