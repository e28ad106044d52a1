#include "probe/pool_throttle.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMillisecond;
constexpr double kThreshold = 0.9;
constexpr uint32_t kCapacity = 20;

class PoolThrottleTest : public ::testing::Test {
 protected:
  void Note(double utilisation) {
    throttle_.NoteInUse(static_cast<uint32_t>(utilisation * kCapacity));
    throttle_.NoteTime(now_, kCapacity, kThreshold);
  }
  // `utilisation` for that long, noted every 10 ms.
  void Hold(double utilisation, uint64_t duration_ns) {
    for (const uint64_t end = now_ + duration_ns; now_ < end; now_ += 10 * kMillisecond) {
      Note(utilisation);
    }
  }
  PoolThrottle::Candidate Background() const {
    return {.now_ns = now_,
            .criticality = Criticality::kBackground,
            .budget_ns = kSecond,
            .predicted_ns = 2 * kSecond};
  }
  void MakeItThrottle() {
    Hold(1, 500 * kMillisecond);
    ASSERT_TRUE(throttle_.Refuses(Background()));
  }

  uint64_t now_ = 1000 * kSecond;
  PoolThrottle throttle_;
};

TEST_F(PoolThrottleTest, AFullPoolOfThreeIntervalsRefusesLowPriority) {
  Hold(0.95, 500 * kMillisecond);
  PoolThrottle::Candidate candidate = Background();
  EXPECT_TRUE(throttle_.Refuses(candidate));
  EXPECT_TRUE(throttle_.throttles());
  candidate.criticality = Criticality::kSheddable;
  EXPECT_TRUE(throttle_.Refuses(candidate));
  candidate.criticality = Criticality::kNormal;
  EXPECT_FALSE(throttle_.Refuses(candidate));
  candidate.criticality = Criticality::kCritical;
  EXPECT_FALSE(throttle_.Refuses(candidate));
  candidate.lane = PoolLane::kTask;
  EXPECT_TRUE(throttle_.Refuses(candidate));
}

TEST_F(PoolThrottleTest, ABurstIsNotThrottled) {
  Hold(1, 200 * kMillisecond);
  EXPECT_FALSE(throttle_.Refuses(Background()));
  for (int i = 0; i < 50; ++i) {
    Hold(0.5, 10 * kMillisecond);
    Hold(1, 150 * kMillisecond);
    EXPECT_FALSE(throttle_.Refuses(Background())) << i;
  }
}

TEST_F(PoolThrottleTest, WhoWillBeServedInTimeIsNotThrottled) {
  Hold(1, kSecond);
  PoolThrottle::Candidate candidate = Background();
  candidate.predicted_ns = candidate.budget_ns;
  EXPECT_FALSE(throttle_.Refuses(candidate));
  candidate.waiting = 29;
  candidate.waiting_most = 60;
  EXPECT_FALSE(throttle_.Refuses(candidate));
  candidate.waiting = 30;
  EXPECT_TRUE(throttle_.Refuses(candidate)) << "the other half of the queue is for others";
}

TEST_F(PoolThrottleTest, ANormalRequestThatWouldComeTooLateBeginsIt) {
  Hold(1, kSecond);
  PoolThrottle::Candidate candidate = Background();
  candidate.criticality = Criticality::kNormal;
  EXPECT_FALSE(throttle_.Refuses(candidate));
  EXPECT_TRUE(throttle_.throttles());
}

TEST_F(PoolThrottleTest, OneASecondIsLetThrough) {
  MakeItThrottle();
  int admitted = 0;
  for (int i = 0; i < 500; ++i) {
    Hold(1, 10 * kMillisecond);
    admitted += throttle_.Refuses(Background()) ? 0 : 1;
  }
  EXPECT_GE(admitted, 4);
  EXPECT_LE(admitted, 5);
}

TEST_F(PoolThrottleTest, RecoversBelowSeventyPercentForFiveSeconds) {
  MakeItThrottle();
  Hold(0.75, 20 * kSecond);
  EXPECT_TRUE(throttle_.throttles()) << "between the thresholds";
  Hold(0.5, 4 * kSecond);
  Hold(0.75, 10 * kMillisecond);
  Hold(0.5, 4 * kSecond + 500 * kMillisecond);
  EXPECT_TRUE(throttle_.throttles()) << "interrupted";
  Hold(0.5, kSecond);
  EXPECT_FALSE(throttle_.throttles());
}

TEST_F(PoolThrottleTest, RecoversWhereNobodyComesAtAll) {
  MakeItThrottle();
  Hold(0.2, 10 * kMillisecond);
  now_ += 200 * kMillisecond;
  Note(0.2);
  now_ += 10 * kSecond;
  Note(0.2);
  EXPECT_FALSE(throttle_.throttles());
}

TEST_F(PoolThrottleTest, AFullPoolThatNobodyTouchesStaysFull) {
  Hold(1, 10 * kMillisecond);
  now_ += 2 * kSecond;
  Note(1);
  EXPECT_TRUE(throttle_.Refuses(Background()));
}

TEST(PredictedWait, IsThatOfThoseBefore) {
  EXPECT_EQ(PredictedWaitNs(0, 10, kSecond), kSecond / 10);
  EXPECT_EQ(PredictedWaitNs(19, 10, kSecond), 2 * kSecond);
  EXPECT_EQ(PredictedWaitNs(3, 0, kSecond), 0U);
}

}  // namespace
}  // namespace stirbar
