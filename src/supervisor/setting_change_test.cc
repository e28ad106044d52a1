#include "supervisor/setting_change.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr SettingId kWarning = SettingId::cpu_warning_threshold;
constexpr SettingId kCritical = SettingId::cpu_critical_threshold;

SettingProposal Set(std::string name, SettingInput input) {
  return {.set = {{std::move(name), std::move(input)}}};
}

std::string RefusalOf(const SettingProposal& proposal, const SettingLayers& layers = {}) {
  const SettingVerdict verdict = Judge(proposal, layers, {});
  return verdict.refusal ? verdict.refusal->Text() : "";
}

TEST(SettingChange, TellsWhatItChangesAndFromWhere) {
  SettingLayers layers;
  layers.environment[kWarning] = 0.7;
  const SettingVerdict verdict = Judge(Set("cpu_warning_threshold", 0.6), layers, {});
  ASSERT_FALSE(verdict.refusal);
  ASSERT_EQ(verdict.changes.size(), 1U);
  EXPECT_EQ(verdict.runtime.at(kWarning), 0.6);
  EXPECT_EQ(ChangeText(verdict.changes[0]),
            "cpu_warning_threshold: 0.7 (environment) -> 0.6 (runtime)");
}

TEST(SettingChange, TakesTextAsTypedNumbersAndTruth) {
  for (const SettingInput& off : {SettingInput("off"), SettingInput(false), SettingInput(0.0)}) {
    const SettingVerdict verdict = Judge(Set("cleanup_enabled", off), {}, {});
    ASSERT_FALSE(verdict.refusal);
    EXPECT_EQ(verdict.runtime.at(SettingId::cleanup_enabled), 0);
  }
  EXPECT_EQ(Judge(Set("admission", "observe"), {}, {}).runtime.at(SettingId::admission),
            kModeObserve);
  EXPECT_EQ(Judge(Set("admission", true), {}, {}).runtime.at(SettingId::admission), kModeOn);
}

TEST(SettingChange, RefusesByFieldValueAndRange) {
  EXPECT_EQ(RefusalOf(Set("memory_warning_threshold", 1.5)),
            "memory_warning_threshold: '1.5' is not allowed; it takes a ratio from 0.05 to 1");
  EXPECT_EQ(RefusalOf(Set("memory_warning_threshold", "1.5")),
            "memory_warning_threshold: '1.5' is not allowed; it takes a ratio from 0.05 to 1");
  EXPECT_EQ(RefusalOf(Set("memory_warning_threshold", true)),
            "memory_warning_threshold: 'true' is not allowed; it takes a ratio from 0.05 to 1");
  EXPECT_EQ(RefusalOf(Set("memory_warnin_threshold", 0.5)),
            "memory_warnin_threshold: '0.5' is not allowed; it takes no value: there is no such "
            "setting; did you mean memory_warning_threshold?");
  EXPECT_EQ(RefusalOf({}),
            "set: '' is not allowed; it takes names and values; or give reset, or revert");
  EXPECT_EQ(RefusalOf({.set = {{"hang_limit", 3.0}}, .reset = {"hang_limit"}}),
            "hang_limit: 'reset' is not allowed; it takes either a new value or a reset, not both");
  EXPECT_EQ(RefusalOf({.revert = 7}),
            "revert: '7' is not allowed; it takes no number: nothing was changed at run time");
}

TEST(SettingChange, AContradictionNamesTheOneThatWasChanged) {
  EXPECT_EQ(RefusalOf(Set("cpu_warning_threshold", 0.95)),
            "cpu_warning_threshold: '0.95' is not allowed; it takes at most "
            "cpu_critical_threshold (0.9)");
  EXPECT_EQ(RefusalOf(Set("cpu_critical_threshold", 0.5)),
            "cpu_critical_threshold: '0.5' is not allowed; it takes at least "
            "cpu_warning_threshold (0.8)");
  EXPECT_EQ(RefusalOf({.set = {{"cpu_warning_threshold", 0.95}, {"cpu_critical_threshold", 0.97}}}),
            "");
}

TEST(SettingChange, AResetThatLeavesAContradictionIsRefused) {
  SettingLayers layers;
  layers.runtime = {{kWarning, 0.95}, {kCritical, 0.97}};
  EXPECT_EQ(RefusalOf({.reset = {"cpu_critical_threshold"}}, layers),
            "cpu_critical_threshold: '0.9' is not allowed; it takes at least "
            "cpu_warning_threshold (0.95)");
  EXPECT_EQ(RefusalOf({.reset = {"cpu_critical_threshold", "cpu_warning_threshold"}}, layers), "");
}

TEST(SettingChange, AContradictionOfOthersDoesNotStandInTheWay) {
  SettingLayers layers;
  layers.application[kWarning] = 0.85;
  layers.environment[kCritical] = 0.82;
  EXPECT_EQ(RefusalOf(Set("hang_limit", 30.0), layers), "");
}

TEST(SettingChange, AllOrNothing) {
  const SettingVerdict verdict =
      Judge({.set = {{"hang_limit", 30.0}, {"cpu_warning_threshold", 7.0}}}, {}, {});
  EXPECT_TRUE(verdict.refusal);
  EXPECT_TRUE(verdict.changes.empty());
}

TEST(SettingChange, AResetFallsBackToTheNextOrigin) {
  SettingLayers layers;
  layers.file[kWarning] = 0.7;
  layers.runtime[kWarning] = 0.6;
  const SettingVerdict verdict = Judge({.reset = {"cpu_warning_threshold"}}, layers, {});
  ASSERT_EQ(verdict.changes.size(), 1U);
  EXPECT_EQ(ChangeText(verdict.changes[0]), "cpu_warning_threshold: 0.6 (runtime) -> 0.7 (file)");
  EXPECT_TRUE(Judge({.reset = {"hang_limit"}}, layers, {}).changes.empty());
}

TEST(SettingChange, ARevertRestoresWhatWasBefore) {
  std::vector<SettingChange> past;
  SettingLayers layers;
  for (const double value : {0.7, 0.6}) {
    SettingVerdict verdict = Judge(Set("cpu_warning_threshold", value), layers, past);
    verdict.changes[0].number = past.size() + 1;
    past.push_back(verdict.changes[0]);
    layers.runtime = verdict.runtime;
  }
  const SettingVerdict second = Judge({.revert = 2}, layers, past);
  ASSERT_EQ(second.changes.size(), 1U);
  EXPECT_EQ(ChangeText(second.changes[0]),
            "cpu_warning_threshold: 0.6 (runtime) -> 0.7 (runtime), which takes change 2 back");
  const SettingVerdict first = Judge({.revert = 1}, layers, past);
  EXPECT_TRUE(first.runtime.empty());
  EXPECT_EQ(first.changes.at(0).origin_after, SettingOrigin::kDefault);
  EXPECT_EQ(
      Judge({.revert = 3}, layers, past).refusal->Text(),
      "revert: '3' is not allowed; it takes the number of a change that is kept, from 1 to 2");
}

TEST(SettingChange, WhatIsSoAlreadyIsNoChange) {
  SettingLayers layers;
  layers.runtime[kWarning] = 0.6;
  const SettingVerdict verdict = Judge(Set("cpu_warning_threshold", 0.6), layers, {});
  EXPECT_FALSE(verdict.refusal);
  EXPECT_TRUE(verdict.changes.empty());
}

}  // namespace
}  // namespace stirbar
