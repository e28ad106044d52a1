#include "supervisor/mitigate/emergency_control.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

using enum EmergencyState;
using Step = EmergencyControl::Step;

// A clock moved by hand; cleaning and recycling end when the test says so.
class EmergencyControlTest : public testing::Test {
 protected:
  EmergencyControlTest() {
    input_.now_ns = 1'000'000'000'000;
    input_.memory_ratio = 0.5;
  }
  Step After(double seconds) {
    input_.now_ns += static_cast<uint64_t>(seconds * 1e9);
    const Step step = control_.Update(input_);
    if (step == Step::kClean) input_.cleaning = true;
    if (step == Step::kRecycle) input_.recycling = true;
    return step;
  }
  EmergencyState state() const { return control_.state(); }
  void GetTo(EmergencyState wanted) {
    input_.memory_ratio = 0.95;
    After(1);
    if (wanted == kShedding) return;
    After(1);
    if (wanted == kCleaning) return;
    input_.cleaning = false;
    After(1);
    if (wanted == kRecycling) return;
    input_.recycling = false;
    After(1);
  }

  EmergencyControl::Input input_;
  EmergencyControl control_;
};

TEST_F(EmergencyControlTest, GoesFromSheddingToCleaningToRecyclingToCooling) {
  EXPECT_EQ(After(1), Step::kNone);
  EXPECT_EQ(state(), kCalm);
  input_.memory_ratio = 0.91;
  EXPECT_EQ(After(0.25), Step::kNone);
  EXPECT_EQ(state(), kShedding);
  EXPECT_EQ(After(0.75), Step::kNone);
  EXPECT_EQ(After(0.25), Step::kClean);
  EXPECT_EQ(state(), kCleaning);
  EXPECT_EQ(After(4), Step::kNone);  // as long as it takes
  input_.cleaning = false;
  EXPECT_EQ(After(0.25), Step::kRecycle);
  EXPECT_EQ(state(), kRecycling);
  EXPECT_EQ(After(20), Step::kNone);
  input_.recycling = false;
  input_.memory_ratio = 0.6;
  EXPECT_EQ(After(0.25), Step::kNone);
  EXPECT_EQ(state(), kCooling);
  After(29);
  EXPECT_EQ(state(), kCooling);
  After(1);
  EXPECT_EQ(state(), kCalm);
}

TEST_F(EmergencyControlTest, APeakThatPassesIsOnlyShed) {
  GetTo(kShedding);
  input_.memory_ratio = 0.84;
  EXPECT_EQ(After(0.25), Step::kNone);
  EXPECT_EQ(state(), kCalm);
}

TEST_F(EmergencyControlTest, HoveringAtTheThresholdIsNoFlapping) {
  GetTo(kShedding);
  input_.memory_ratio = 0.89;  // below the threshold, within the band
  After(0.5);
  EXPECT_EQ(state(), kShedding);
}

TEST_F(EmergencyControlTest, CleaningThatWasEnoughRecyclesNobody) {
  GetTo(kCleaning);
  input_.cleaning = false;
  input_.memory_ratio = 0.7;
  EXPECT_EQ(After(0.25), Step::kNone);
  EXPECT_EQ(state(), kCooling);
}

TEST_F(EmergencyControlTest, IsStillCriticalAfterTheCooldownAndCleansAgain) {
  GetTo(kCooling);
  EXPECT_EQ(After(29), Step::kNone);
  EXPECT_EQ(After(1), Step::kClean);
}

TEST_F(EmergencyControlTest, WhatDidNotHelpIsRepeatedLessOften) {
  input_.recycling_helped = false;
  GetTo(kCooling);
  EXPECT_EQ(After(59), Step::kNone);
  EXPECT_EQ(After(1), Step::kClean);
  input_.cleaning = false;
  EXPECT_EQ(After(1), Step::kRecycle);
  input_.recycling = false;
  After(1);
  EXPECT_EQ(After(119), Step::kNone);
  EXPECT_EQ(After(1), Step::kClean);
}

TEST_F(EmergencyControlTest, RefusedMeansCoolingTwiceAsLong) {
  GetTo(kRecycling);
  input_.recycling = false;
  control_.Refuse(input_.now_ns);
  EXPECT_EQ(state(), kCooling);
  EXPECT_EQ(After(59), Step::kNone);
  EXPECT_EQ(After(1), Step::kClean);
}

TEST_F(EmergencyControlTest, WaitsForAReplacementThatSomebodyElseHasBegun) {
  GetTo(kCleaning);
  input_.cleaning = false;
  input_.may_recycle = false;
  EXPECT_EQ(After(5), Step::kNone);
  EXPECT_EQ(state(), kCleaning);
  input_.may_recycle = true;
  EXPECT_EQ(After(0.25), Step::kRecycle);
}

TEST_F(EmergencyControlTest, WhenTheEndIsNearNothingWaits) {
  input_.memory_ratio = 0.82;  // not yet critical
  input_.running_out = true;
  After(0.25);
  EXPECT_EQ(state(), kShedding);
  EXPECT_EQ(After(0.25), Step::kClean);
  EXPECT_EQ(After(1.75), Step::kNone);
  EXPECT_EQ(After(0.25), Step::kRecycle);  // though cleaning goes on
  input_.recycling = input_.cleaning = false;
  After(0.25);
  EXPECT_EQ(state(), kCooling);
  EXPECT_EQ(After(0.25), Step::kRecycle);
}

TEST_F(EmergencyControlTest, OffAndNotMeasuredAreCalm) {
  input_.mode = kModeOff;
  GetTo(kCleaning);
  EXPECT_EQ(state(), kCalm);
  input_.mode = kModeOn;
  input_.memory_ratio = kNotMeasured;
  After(1);
  EXPECT_EQ(state(), kCalm);
}

TEST_F(EmergencyControlTest, SwitchedOffInTheMiddleItStops) {
  GetTo(kCleaning);
  input_.mode = kModeOff;
  EXPECT_EQ(After(0.25), Step::kNone);
  EXPECT_EQ(state(), kCalm);
}

TEST_F(EmergencyControlTest, ObserveSaysEachStepOnce) {
  input_.mode = kModeObserve;
  input_.memory_ratio = 0.95;
  int steps = 0;
  for (int i = 0; i < 600; ++i) {
    const Step step = control_.Update(input_);
    input_.now_ns += 1'000'000'000;
    if (step != Step::kNone) ++steps;
  }
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(state(), kCooling);
}

}  // namespace
}  // namespace stirbar
