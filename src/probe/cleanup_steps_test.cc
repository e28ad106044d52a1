#include "probe/cleanup_steps.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr uint32_t kEverything = ~0U;

TEST(CleanupSteps, AnOrderForNothingIsNeverCarriedOut) {
  EXPECT_FALSE(HasStep(kEverything, static_cast<uint32_t>(CleanupStep::kNone)));
  EXPECT_FALSE(HasStep(BitOf(CleanupStep::kNone), 0));
}

TEST(CleanupSteps, WhatIsNoStepIsNeverCarriedOut) {
  for (const uint32_t number : {kCleanupSteps, 31U, 32U, 64U, ~0U}) {
    EXPECT_FALSE(HasStep(kEverything, number)) << number;
  }
}

TEST(CleanupSteps, AStepIsCarriedOutByWhoHasSomethingForIt) {
  const uint32_t steps = BitOf(CleanupStep::kTrim) | BitOf(CleanupStep::kCaches);
  for (uint32_t number = 1; number < kCleanupSteps; ++number) {
    const auto step = static_cast<CleanupStep>(number);
    EXPECT_TRUE(HasStep(kEverything, number));
    EXPECT_EQ(HasStep(steps, number), step == CleanupStep::kTrim || step == CleanupStep::kCaches);
  }
}

}  // namespace
}  // namespace stirbar
