#include "supervisor/cli/environment_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/cli/test_variable.h"
#include "supervisor/setting_layers.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

TEST(EnvironmentSettings, NoneIsNothing) {
  const auto settings = SettingsFromEnvironment();
  ASSERT_TRUE(settings.ok());
  EXPECT_TRUE(settings->empty());
}

TEST(EnvironmentSettings, ReadsWhatIsSet) {
  const Variable ratio("STIRBAR_MEMORY_WARNING_THRESHOLD", "0.7");
  const Variable off("STIRBAR_CLEANUP_ENABLED", "off");
  const Variable seconds("STIRBAR_SLOW_REQUEST_THRESHOLD", "2.5");
  const auto settings = SettingsFromEnvironment();
  ASSERT_TRUE(settings.ok()) << settings.error();
  EXPECT_EQ(settings->size(), 3U);
  EXPECT_EQ(settings->at(SettingId::memory_warning_threshold), 0.7);
  EXPECT_EQ(settings->at(SettingId::cleanup_enabled), 0);
  EXPECT_EQ(settings->at(SettingId::slow_request_threshold), 2.5);
}

TEST(EnvironmentSettings, RefusesWithVariableValueAndRange) {
  for (const char* value : {"", "80%", "1.2", "nan", "-1", "0.7 "}) {
    const Variable variable("STIRBAR_MEMORY_WARNING_THRESHOLD", value);
    const auto settings = SettingsFromEnvironment();
    ASSERT_FALSE(settings.ok()) << value;
    EXPECT_THAT(settings.error(), HasSubstr("STIRBAR_MEMORY_WARNING_THRESHOLD"));
    EXPECT_THAT(settings.error(), HasSubstr("'" + std::string(value) + "'"));
    EXPECT_THAT(settings.error(), HasSubstr("0.05 to 1"));
  }
}

TEST(EnvironmentSettings, AWarningAboveItsCriticalIsRefusedUnlessTheFileRaisesThat) {
  const Variable warning("STIRBAR_CPU_WARNING_THRESHOLD", "0.95");
  const auto settings = SettingsFromEnvironment();
  ASSERT_TRUE(settings.ok());
  const Result<size_t> alone = CheckStart({}, {}, *settings);
  ASSERT_FALSE(alone.ok());
  EXPECT_EQ(alone.error(),
            "cpu_warning_threshold: '0.95' is not allowed; it takes at most "
            "cpu_critical_threshold (0.9)");
  EXPECT_TRUE(CheckStart({}, {{SettingId::cpu_critical_threshold, 0.97}}, *settings).ok());
}

}  // namespace
}  // namespace stirbar
