#include "supervisor/evaluate/monitor_modes.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

Finding FindingOf(std::string component) {
  Finding finding;
  finding.rule = finding.component = std::move(component);
  finding.severity = Status::kCritical;
  finding.message = "97 % in use";
  return finding;
}

Assessment WithFindings() {
  Assessment assessment;
  assessment.findings = {FindingOf("memory"), FindingOf("cpu"), FindingOf("of_my_own")};
  assessment.pending = {FindingOf("memory"), FindingOf("queue")};
  return assessment;
}

TEST(MonitorModes, OnIsTheDefaultAndChangesNothing) {
  Assessment assessment = WithFindings();
  ApplyMonitorModes(Settings{}, &assessment);
  EXPECT_EQ(assessment.findings.size(), 3U);
  EXPECT_EQ(assessment.pending.size(), 2U);
  EXPECT_EQ(assessment.findings[0].message, "97 % in use");
}

TEST(MonitorModes, OffDropsWhatIsFound) {
  Settings settings;
  settings.monitor_memory = kModeOff;
  Assessment assessment = WithFindings();
  ApplyMonitorModes(settings, &assessment);
  ASSERT_EQ(assessment.findings.size(), 2U);
  EXPECT_EQ(assessment.findings[0].component, "cpu");
  EXPECT_EQ(assessment.findings[1].component, "of_my_own");
  ASSERT_EQ(assessment.pending.size(), 1U);
  EXPECT_EQ(assessment.pending[0].component, "queue");
}

TEST(MonitorModes, ObserveListsItAsPending) {
  Settings settings;
  settings.monitor_cpu = kModeObserve;
  Assessment assessment = WithFindings();
  ApplyMonitorModes(settings, &assessment);
  EXPECT_EQ(assessment.findings.size(), 2U);
  ASSERT_EQ(assessment.pending.size(), 3U);
  EXPECT_EQ(assessment.pending[2].component, "cpu");
  EXPECT_EQ(assessment.pending[2].message, "97 % in use (only observed: monitor_cpu)");
}

TEST(MonitorModes, EveryComponentOfTheBuiltInRulesHasOne) {
  for (const char* component :
       {"memory", "cpu", "disk", "queue", "requests", "workers", "database"}) {
    const SettingSpec* const spec = FindSetting("monitor_" + std::string(component));
    ASSERT_NE(spec, nullptr) << component;
    EXPECT_EQ(spec->type, SettingType::kMode);
  }
}

}  // namespace
}  // namespace stirbar
