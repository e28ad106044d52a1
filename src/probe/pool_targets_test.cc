#include "probe/pool_targets.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMillisecond;

class PoolTargetsTest : public ::testing::Test {
 protected:
  PoolTargets::Moment Now() const { return {.now_ns = now_, .random = random_}; }

  TargetChange End(uint32_t target, ConnectOutcome outcome) {
    return targets_.Ended(target, outcome, Now());
  }
  void Fail(uint32_t target, ConnectOutcome outcome = ConnectOutcome::kFailed) {
    for (int i = 0; i < 5; ++i) End(target, outcome);
    ASSERT_EQ(targets_.breaker(target).state(), Breaker::State::kOpen);
  }
  // What the reconnector does once.
  TargetChange Reconnect(ConnectOutcome outcome) {
    const PoolTargets::Probe probe = targets_.NextProbe(now_);
    EXPECT_NE(probe.target, kNoTarget);
    now_ = std::max(now_, probe.due_ns);
    targets_.BeginProbe(probe.target, now_);
    return End(probe.target, outcome);
  }
  uint32_t Chosen(uint32_t tried = 0) { return targets_.Choose(now_, tried).target; }

  uint64_t now_ = 1000 * kSecond;
  double random_ = 1;
  PoolTargets targets_{2};
};

TEST_F(PoolTargetsTest, ItsOwnServerComesFirst) {
  EXPECT_EQ(Chosen(), 0U);
  EXPECT_EQ(Chosen(1), 1U);
  EXPECT_EQ(Chosen(3), kNoTarget);
}

TEST_F(PoolTargetsTest, AStandbyServesOnceTheBreakerIsOpen) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(End(0, ConnectOutcome::kFailed), TargetChange::kNone);
  EXPECT_EQ(Chosen(), 0U);
  EXPECT_EQ(End(0, ConnectOutcome::kFailed), TargetChange::kUnavailable);
  EXPECT_EQ(targets_.unavailable_since_ns(0), now_);
  EXPECT_EQ(Chosen(), 1U);
}

TEST_F(PoolTargetsTest, NoneIsToBeHadWhenAllAreLeftAlone) {
  Fail(0);
  Fail(1);
  const PoolTargets::Choice choice = targets_.Choose(now_, 0);
  EXPECT_EQ(choice.target, kNoTarget);
  EXPECT_EQ(choice.wait_ns, 500 * kMillisecond);
}

TEST_F(PoolTargetsTest, RequestsDoNotTryWhileAReconnectorRuns) {
  Fail(0);
  Fail(1);
  for (int i = 0; i < 20; ++i) {
    Reconnect(ConnectOutcome::kFailed);
    targets_.NextProbe(now_);
    EXPECT_EQ(Chosen(), kNoTarget);
  }
  const uint64_t promised = targets_.NextProbe(now_).due_ns;
  now_ = promised + PoolTargets::kReconnectorLateNs;
  EXPECT_EQ(Chosen(), kNoTarget) << "the cooldown is longer by now";
  now_ += 30 * kSecond;
  EXPECT_EQ(Chosen(), 0U) << "the reconnector is gone, and the cooldown over";
  EXPECT_EQ(Chosen(), 1U);
  EXPECT_EQ(Chosen(), kNoTarget) << "one each";
}

TEST_F(PoolTargetsTest, AReconnectorThatHangsIsNotWaitedForForever) {
  Fail(0);
  Fail(1);
  const PoolTargets::Probe probe = targets_.NextProbe(now_);
  targets_.BeginProbe(probe.target, now_);
  now_ += 50 * kSecond;
  EXPECT_EQ(Chosen(), kNoTarget);
  now_ += 10 * kSecond;
  EXPECT_NE(Chosen(), kNoTarget);
}

TEST_F(PoolTargetsTest, RetriesDoubleToFiveSecondsWithFullJitter) {
  Fail(0);
  uint64_t expected = 50 * kMillisecond;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(targets_.NextProbe(now_).due_ns, now_ + expected);
    Reconnect(ConnectOutcome::kFailed);
    expected = std::min(2 * expected, 5 * kSecond);
  }
  random_ = 0.25;
  Reconnect(ConnectOutcome::kFailed);
  EXPECT_EQ(targets_.NextProbe(now_).due_ns, now_ + 5 * kSecond / 4);
}

TEST_F(PoolTargetsTest, TwoSuccessesOfTheReconnectorBringItBackAtOnce) {
  PoolTargets alone(1);
  for (int i = 0; i < 5; ++i) alone.Ended(0, ConnectOutcome::kFailed, Now());
  TargetChange change = TargetChange::kNone;
  for (int i = 0; i < 2; ++i) {
    now_ = std::max(now_, alone.NextProbe(now_).due_ns);
    alone.BeginProbe(0, now_);
    change = alone.Ended(0, ConnectOutcome::kConnected, Now());
  }
  EXPECT_EQ(change, TargetChange::kAvailable);
  EXPECT_EQ(now_, 1000 * kSecond + 50 * kMillisecond);
  EXPECT_EQ(alone.Choose(now_, 0).target, 0U) << "there is no other";
  EXPECT_EQ(alone.NextProbe(now_).target, kNoTarget);
  EXPECT_EQ(alone.unavailable_since_ns(0), 0U);
}

TEST_F(PoolTargetsTest, AWrongPasswordIsNotTriedAgainByTheReconnector) {
  Fail(0, ConnectOutcome::kRejected);
  EXPECT_EQ(targets_.NextProbe(now_).target, kNoTarget);
  EXPECT_EQ(Chosen(), 1U);
  now_ += 500 * kMillisecond;
  EXPECT_EQ(Chosen(), 0U) << "one request tries after the cooldown";
  EXPECT_EQ(Chosen(), 1U);
  End(0, ConnectOutcome::kRejected);
  now_ += 500 * kMillisecond;
  EXPECT_EQ(Chosen(), 1U) << "the cooldown is longer";
}

TEST_F(PoolTargetsTest, OneThatComesBackServesAfterThirtyQuietSeconds) {
  Fail(0);
  Reconnect(ConnectOutcome::kConnected);
  EXPECT_EQ(Reconnect(ConnectOutcome::kConnected), TargetChange::kAvailable);
  EXPECT_EQ(Chosen(), 1U);
  EXPECT_FALSE(targets_.FailsBack(1, now_));
  now_ += 20 * kSecond;
  Reconnect(ConnectOutcome::kFailed);  // a hiccup
  now_ += 20 * kSecond;
  EXPECT_EQ(Chosen(), 1U);
  now_ += 10 * kSecond;
  EXPECT_EQ(Chosen(), 0U);
  EXPECT_EQ(targets_.NextProbe(now_).target, kNoTarget);
}

TEST_F(PoolTargetsTest, OneThatComesBackServesAtOnceWhenTheStandbyIsGone) {
  Fail(0);
  Reconnect(ConnectOutcome::kConnected);
  Reconnect(ConnectOutcome::kConnected);
  Fail(1);
  EXPECT_EQ(Chosen(), 0U);
}

TEST_F(PoolTargetsTest, OneConnectionASecondFailsBack) {
  EXPECT_FALSE(targets_.FailsBack(0, now_));
  Fail(0);
  EXPECT_FALSE(targets_.FailsBack(1, now_));
  Reconnect(ConnectOutcome::kConnected);
  Reconnect(ConnectOutcome::kConnected);
  now_ += PoolTargets::kSettleNs;
  EXPECT_TRUE(targets_.FailsBack(1, now_));
  EXPECT_FALSE(targets_.FailsBack(1, now_));
  now_ += kSecond;
  EXPECT_TRUE(targets_.FailsBack(1, now_));
}

TEST_F(PoolTargetsTest, ConnectionsThatBreakOpenItToo) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(targets_.Broke(0, Now()), TargetChange::kNone);
  EXPECT_EQ(targets_.Broke(0, Now()), TargetChange::kUnavailable);
  EXPECT_EQ(targets_.Broke(0, Now()), TargetChange::kNone);
  EXPECT_EQ(targets_.NextProbe(now_).target, 0U);
}

TEST_F(PoolTargetsTest, WhatSaysNothingOfTheServerChangesNothing) {
  for (int i = 0; i < 20; ++i) End(0, ConnectOutcome::kUnknown);
  EXPECT_EQ(Chosen(), 0U);
  Fail(0);
  targets_.BeginProbe(0, now_);
  End(0, ConnectOutcome::kUnknown);
  EXPECT_EQ(targets_.NextProbe(now_).target, 0U) << "tried again";
}

}  // namespace
}  // namespace stirbar
