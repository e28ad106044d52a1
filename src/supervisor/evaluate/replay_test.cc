#include "supervisor/evaluate/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "supervisor/evaluate/rules.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr double kBegin = 1'764'417'600;  // 2025-11-29 12:00:00

MetricValues Memory(double ratio) {
  MetricValues values;
  values[MetricId::memory_ratio] = ratio;
  return values;
}

const ReplayedRule& RuleOf(const ReplayReport& report, const std::string& name) {
  for (const ReplayedRule& rule : report.rules) {
    if (rule.name == name) return rule;
  }
  ADD_FAILURE() << name;
  return report.rules.front();
}

TEST(Replay, SaysWhatWouldHaveFiredAndForHowLong) {
  Replay replay(BuiltInRules(), {});
  for (int second = 0; second < 600; ++second) {
    const double ratio = second >= 100 && second < 200 ? 0.83 + (second == 150 ? 0.04 : 0) : 0.5;
    replay.Add(kBegin + second, Memory(ratio));
  }
  const ReplayReport report = replay.Finish();
  EXPECT_EQ(report.points, 600U);
  ASSERT_THAT(report.findings, SizeIs(1));
  const ReplayedFinding& finding = report.findings[0];
  EXPECT_EQ(finding.rule, "memory");
  EXPECT_EQ(finding.severity, Status::kWarning);
  EXPECT_DOUBLE_EQ(finding.fired, kBegin + 100);
  EXPECT_DOUBLE_EQ(finding.until, kBegin + 205);  // five calm seconds
  EXPECT_DOUBLE_EQ(finding.worst, 0.87);
  EXPECT_EQ(finding.message, "memory 87 % used");
  EXPECT_EQ(RuleOf(report, "memory").fired, 1U);
}

TEST(Replay, BothLevelsAreReportedAndWhatGoesOnHasNoEnd) {
  Replay replay(BuiltInRules(), {});
  for (int second = 0; second < 100; ++second) {
    replay.Add(kBegin + second, Memory(second < 50 ? 0.85 : 0.95));
  }
  const ReplayReport report = replay.Finish();
  ASSERT_THAT(report.findings, SizeIs(2));
  EXPECT_EQ(report.findings[1].severity, Status::kCritical);
  EXPECT_TRUE(std::isnan(report.findings[0].until));
  EXPECT_DOUBLE_EQ(report.findings[0].worst, 0.95);
}

TEST(Replay, ForDurationsHoldOverRolledUpPoints) {
  Replay replay(BuiltInRules(), {});
  MetricValues values;
  for (int minute = 0; minute < 20; ++minute) {
    values[MetricId::cpu_ratio] = minute >= 5 && minute < 15 ? 0.97 : 0.2;
    replay.Add(kBegin + minute * 60, values);
  }
  const ReplayReport report = replay.Finish();
  ASSERT_THAT(report.findings, SizeIs(2));
  EXPECT_EQ(report.findings[1].severity, Status::kCritical);
  EXPECT_DOUBLE_EQ(report.findings[1].since, kBegin + 300);
  EXPECT_DOUBLE_EQ(report.findings[1].fired, kBegin + 600);
}

TEST(Replay, CountsWhatWasEnteredAndLeftBeforeItFired) {
  Replay replay(BuiltInRules(), {});
  MetricValues values;
  for (int second = 0; second < 300; ++second) {
    values[MetricId::cpu_ratio] = second % 100 < 10 ? 0.85 : 0.1;  // the warning needs 30 s
    replay.Add(kBegin + second, values);
  }
  const ReplayReport report = replay.Finish();
  EXPECT_THAT(report.findings, SizeIs(0));
  EXPECT_EQ(RuleOf(report, "cpu").near, 3U);
}

TEST(Replay, BeginsAnewAfterAGap) {
  Replay replay(BuiltInRules(), {});
  for (int second = 0; second < 20; ++second) replay.Add(kBegin + second, Memory(0.95));
  for (int second = 0; second < 20; ++second) replay.Add(kBegin + 5000 + second, Memory(0.3));
  const ReplayReport report = replay.Finish();
  EXPECT_EQ(report.gaps, 1U);
  ASSERT_THAT(report.findings, SizeIs(2));
  EXPECT_TRUE(report.findings[0].cut);
  EXPECT_DOUBLE_EQ(report.findings[0].until, kBegin + 19);
}

TEST(Replay, SaysWhatItCannotReplay) {
  std::vector<Rule> rules = BuiltInRules();
  for (Rule& rule : rules) rule.enabled = rule.name != "disk";
  Replay replay(rules, {});
  replay.Add(kBegin, Memory(0.5));
  const ReplayReport report = replay.Finish();
  EXPECT_EQ(RuleOf(report, "memory").unreplayable, "");
  EXPECT_EQ(RuleOf(report, "disk").unreplayable, "switched off");
  EXPECT_THAT(RuleOf(report, "lock_wait").unreplayable, HasSubstr("measured by code"));
  EXPECT_THAT(RuleOf(report, "cpu").unreplayable, HasSubstr("cpu_ratio is not in the figures"));
}

}  // namespace
}  // namespace stirbar
