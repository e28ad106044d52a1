#include "supervisor/evaluate/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Bounds kMemory{
    .enter = 0.8, .leave = 0.75, .enter_for = seconds(0), .leave_for = seconds(5)};
constexpr Bounds kCpu{
    .enter = 0.9, .leave = 0.85, .enter_for = minutes(5), .leave_for = seconds(5)};

Tick At(double seconds) {
  const auto now = static_cast<uint64_t>(1e12 + seconds * 1e9);
  return {.now_ns = now, .wall_ns = now + 7, .full = true};
}

TEST(Rule, FiresAtOnceWithoutAForDuration) {
  const LevelState state = Next({}, kMemory, 0.8, At(1));
  EXPECT_EQ(state.state, RuleState::kFiring);
  EXPECT_EQ(state.since_wall_ns, At(1).wall_ns);
}

TEST(Rule, StaysBetweenLeaveAndEnter) {
  LevelState state = Next({}, kMemory, 0.79, At(0));
  EXPECT_EQ(state.state, RuleState::kInactive);
  state = Next(state, kMemory, 0.81, At(1));
  for (int second = 2; second < 100; ++second) {
    state = Next(state, kMemory, 0.76, At(second));
    EXPECT_EQ(state.state, RuleState::kFiring);
  }
}

TEST(Rule, LeavesAfterFiveCalmSeconds) {
  LevelState state = Next({}, kMemory, 0.81, At(0));
  state = Next(state, kMemory, 0.7, At(1));
  state = Next(state, kMemory, 0.76, At(4));  // not calm: the count starts again
  state = Next(state, kMemory, 0.7, At(5));
  EXPECT_EQ(Next(state, kMemory, 0.7, At(9.9)).state, RuleState::kFiring);
  EXPECT_EQ(Next(state, kMemory, 0.7, At(10)).state, RuleState::kInactive);
}

TEST(Rule, NoValueAndNanAreCalm) {
  EXPECT_EQ(Next({}, kMemory, kNotMeasured, At(0)).state, RuleState::kInactive);
  const LevelState firing = Next({}, kMemory, 0.9, At(0));
  const LevelState calm = Next(firing, kMemory, std::nullopt, At(1));
  EXPECT_EQ(calm.state, RuleState::kFiring);
  EXPECT_EQ(Next(calm, kMemory, kNotMeasured, At(6)).state, RuleState::kInactive);
}

TEST(Rule, ForDurationForgivesShortDipsOnly) {
  LevelState state;
  for (int second = 0; second < 300; ++second) {
    state = Next(state, kCpu, second % 20 == 19 ? 0.2 : 0.95, At(second));
    EXPECT_EQ(state.state, RuleState::kPending) << second;
  }
  EXPECT_EQ(Next(state, kCpu, 0.95, At(300)).state, RuleState::kFiring);
  EXPECT_EQ(Next(state, kCpu, 0.5, At(300)).state, RuleState::kPending);  // not on a calm value

  state = Next({}, kCpu, 0.95, At(0));
  state = Next(state, kCpu, 0.89, At(10));
  EXPECT_EQ(Next(state, kCpu, 0.89, At(15)).state, RuleState::kInactive);
}

TEST(Rule, LeaveThresholdLiesBelowEnter) {
  EXPECT_DOUBLE_EQ(LeaveThreshold(Unit::kRatio, 0.8), 0.75);
  EXPECT_DOUBLE_EQ(LeaveThreshold(Unit::kRatio, 0.05), 0.025);  // 0.05 below would never be left
  EXPECT_DOUBLE_EQ(LeaveThreshold(Unit::kSeconds, 5), 2.5);
  EXPECT_DOUBLE_EQ(LeaveThreshold(Unit::kCount, 10), 5);
}

// A signal that hovers at the threshold for an hour at 10 Hz, with noise from a hundredth of the
// band's width to six times of it.
TEST(Rule, HoveringSignalMakesAtMostOneFinding) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> noise(-0.0005, 0.0005);
    const double amplitude = 1 + seed * 6;
    LevelState state;
    int findings = 0;
    for (int tick = 0; tick < 36'000; ++tick) {
      const LevelState next =
          Next(state, kMemory, 0.8 + noise(random) * amplitude, At(tick / 10.0));
      findings += state.state != RuleState::kFiring && next.state == RuleState::kFiring ? 1 : 0;
      state = next;
    }
    EXPECT_EQ(findings, 1) << "seed " << seed;
  }
}

// Square waves across the whole band, faster than leave_for.
TEST(Rule, FastSwingsAcrossTheBandMakeOneFinding) {
  LevelState state;
  int findings = 0;
  for (int second = 0; second < 600; ++second) {
    const LevelState next = Next(state, kMemory, second / 4 % 2 == 0 ? 0.9 : 0.1, At(second));
    findings += state.state != RuleState::kFiring && next.state == RuleState::kFiring ? 1 : 0;
    state = next;
  }
  EXPECT_EQ(findings, 1);
}

class StepTest : public testing::Test {
 protected:
  std::optional<Finding> At(double seconds, double value) {
    sample_.At(seconds);
    rule_.metric = [value](const RuleInput&) { return value; };
    rule_.describe = [](const RuleInput&, double v) {
      return "at " + std::to_string(int(v * 100));
    };
    return Step(rule_, {*sample_, {}, {}, {}, {}, {}}, &memory_);
  }

  SampleBuilder sample_;
  Rule rule_{.name = "memory",
             .component = "memory",
             .warning = RuleLevel{.enter = SettingId::memory_warning_threshold},
             .critical = RuleLevel{.enter = 0.95}};
  RuleMemory memory_;
};

TEST_F(StepTest, WorstLevelIsTheSeverityAndTheFirstGivesSince) {
  EXPECT_FALSE(At(0, 0.5).has_value());
  const std::optional<Finding> warning = At(1, 0.85);
  ASSERT_TRUE(warning.has_value());
  EXPECT_EQ(warning->severity, Status::kWarning);
  EXPECT_DOUBLE_EQ(warning->threshold, 0.8);
  const std::optional<Finding> critical = At(2, 0.96);
  ASSERT_TRUE(critical.has_value());
  EXPECT_EQ(critical->severity, Status::kCritical);
  EXPECT_DOUBLE_EQ(critical->threshold, 0.95);
  EXPECT_EQ(critical->since_wall_ns, warning->since_wall_ns);
  EXPECT_EQ(critical->message, "at 96");
}

TEST_F(StepTest, KeepsTheFiguresOfTheTroubleWhileItWaitsToBeLeft) {
  At(0, 0.85);
  At(1, 0.2);
  const std::optional<Finding> waiting = At(3, 0.2);
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(waiting->message, "at 85; over for 2.0 s");
  EXPECT_DOUBLE_EQ(waiting->value, 0.85);
  EXPECT_FALSE(At(6, 0.2).has_value());
}

TEST_F(StepTest, ThresholdsFollowTheSettings) {
  EXPECT_FALSE(At(0, 0.6).has_value());
  sample_->settings.memory_warning_threshold = 0.55;
  EXPECT_TRUE(At(1, 0.6).has_value());
}

TEST_F(StepTest, UpperLevelThatIsCalmDoesNotEndTheTrouble) {
  At(0, 0.96);
  const std::optional<Finding> finding = At(2, 0.82);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->severity, Status::kCritical);
  EXPECT_EQ(finding->message, "at 82");
  EXPECT_EQ(At(7, 0.82)->severity, Status::kWarning);
}

}  // namespace
}  // namespace stirbar
