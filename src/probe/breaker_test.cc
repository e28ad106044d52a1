#include "probe/breaker.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

class BreakerTest : public ::testing::Test {
 protected:
  // A call that is let through and ends at once.
  void Call(bool failed) {
    ASSERT_EQ(breaker_.Admit(now_), 0U);
    breaker_.Ended(failed, now_, 0);
  }
  void Fail(int times) {
    for (int i = 0; i < times; ++i) Call(true);
  }
  void OpenIt() {
    Fail(3);
    ASSERT_EQ(breaker_.state(), Breaker::State::kOpen);
  }

  uint64_t now_ = 1000 * kSecond;
  Breaker breaker_{{.failures = 3, .cooldown_ns = 10 * kSecond}};
};

TEST_F(BreakerTest, FailuresInARowOpenIt) {
  Fail(2);
  Call(false);
  Fail(2);
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed);
  Call(true);
  EXPECT_EQ(breaker_.state(), Breaker::State::kOpen);
  EXPECT_EQ(breaker_.open_until_ns(), now_ + 10 * kSecond);
  EXPECT_EQ(breaker_.Admit(now_ + 4 * kSecond), 6 * kSecond);
}

TEST_F(BreakerTest, HalfOfTheNewestCallsOpenItToo) {
  for (int i = 0; i < 4; ++i) {
    Call(false);
    Call(true);
  }
  Call(false);
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed);
  Call(true);
  EXPECT_EQ(breaker_.state(), Breaker::State::kOpen);
}

TEST_F(BreakerTest, OldFailuresAreForgotten) {
  for (int i = 0; i < 40; ++i) {
    now_ += 4 * kSecond;  // never ten calls in a window
    Call(i % 2 == 0);
  }
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed);
}

TEST_F(BreakerTest, OneTrialAtATimeAndTwoSuccessesCloseIt) {
  OpenIt();
  now_ += 10 * kSecond;
  EXPECT_EQ(breaker_.Admit(now_), 0U);
  EXPECT_EQ(breaker_.state(), Breaker::State::kHalfOpen);
  EXPECT_GT(breaker_.Admit(now_), 0U) << "a trial runs";
  breaker_.Ended(false, now_, 0);
  EXPECT_EQ(breaker_.state(), Breaker::State::kHalfOpen);
  Call(false);
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed);
  Fail(2);
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed) << "counts from zero again";
}

TEST_F(BreakerTest, AFailedTrialDoublesTheCooldownUpToAFactor) {
  OpenIt();
  for (const uint64_t seconds : {20, 40, 80, 80}) {
    now_ = breaker_.open_until_ns();
    Call(true);
    EXPECT_EQ(breaker_.open_until_ns(), now_ + seconds * kSecond);
  }
  now_ = breaker_.open_until_ns();
  Call(false);
  Call(false);
  OpenIt();
  EXPECT_EQ(breaker_.open_until_ns(), now_ + 10 * kSecond) << "short again";
}

TEST_F(BreakerTest, ATrialThatNeverEndsIsGivenUp) {
  OpenIt();
  now_ += 10 * kSecond;
  EXPECT_EQ(breaker_.Admit(now_), 0U);
  EXPECT_EQ(breaker_.Admit(now_ + 9 * kSecond), kSecond);
  EXPECT_EQ(breaker_.Admit(now_ + 10 * kSecond), 0U);
}

TEST_F(BreakerTest, CallsThatBeganBeforeItOpenedSayNothing) {
  ASSERT_EQ(breaker_.Admit(now_), 0U);
  OpenIt();
  breaker_.Ended(false, now_, 0);
  EXPECT_EQ(breaker_.state(), Breaker::State::kOpen);
}

TEST_F(BreakerTest, ChanceSpreadsTheCooldownByAQuarter) {
  Fail(2);
  ASSERT_EQ(breaker_.Admit(now_), 0U);
  breaker_.Ended(true, now_, 0.8);
  EXPECT_EQ(breaker_.open_until_ns(), now_ + 12 * kSecond);
}

TEST_F(BreakerTest, FullChanceSpreadsTheCooldownOverAllOfIt) {
  breaker_.set_options({.failures = 1,
                        .cooldown_ns = 10 * kSecond,
                        .longest_factor = 3,
                        .jitter = BreakerOptions::Jitter::kFull});
  ASSERT_EQ(breaker_.Admit(now_), 0U);
  breaker_.Ended(true, now_, 0.5);
  for (const uint64_t seconds : {10, 15, 15}) {  // halves of 20, 30, 30
    now_ = breaker_.open_until_ns();
    ASSERT_EQ(breaker_.Admit(now_), 0U);
    breaker_.Ended(true, now_, 0.5);
    EXPECT_EQ(breaker_.open_until_ns(), now_ + seconds * kSecond);
  }
}

TEST_F(BreakerTest, ATrialThatIsBegunDoesNotWaitForTheCooldown) {
  OpenIt();
  breaker_.BeginTrial(now_);
  EXPECT_GT(breaker_.Admit(now_), 0U) << "others wait for its end";
  breaker_.Ended(false, now_, 0);
  breaker_.BeginTrial(now_);
  breaker_.Ended(false, now_, 0);
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed);
}

TEST_F(BreakerTest, ATrialThatIsGivenUpLeavesItsPlaceToTheNext) {
  OpenIt();
  now_ += 10 * kSecond;
  ASSERT_EQ(breaker_.Admit(now_), 0U);
  breaker_.GaveUp();
  EXPECT_EQ(breaker_.Admit(now_), 0U);
}

TEST_F(BreakerTest, WhatBreaksCountsInARowButNotInTheShare) {
  for (int i = 0; i < 20; ++i) {  // one statement that kills its connection again and again
    breaker_.Broke(now_, 0);
    Call(false);
  }
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed);
  for (int i = 0; i < 3; ++i) breaker_.Broke(now_, 0);
  EXPECT_EQ(breaker_.state(), Breaker::State::kOpen);
}

}  // namespace
}  // namespace stirbar
