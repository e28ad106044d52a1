#include "base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace stirbar {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const SettingSpec& Spec(std::string_view name) { return *FindSetting(name); }

TEST(Settings, SeedFieldsHaveTheSeedsDefaults) {
  const Settings settings;
  EXPECT_EQ(settings.memory_warning_threshold, 0.8);
  EXPECT_EQ(settings.memory_critical_threshold, 0.9);
  EXPECT_EQ(settings.cpu_warning_threshold, 0.8);
  EXPECT_EQ(settings.cpu_critical_threshold, 0.9);
  EXPECT_EQ(settings.monitoring_interval, 30);
  EXPECT_EQ(settings.cleanup_enabled, 1);
}

TEST(Settings, EveryRowIsConsistent) {
  Settings settings;
  for (const SettingSpec& spec : kSettingSpecs) {
    EXPECT_EQ(FindSetting(spec.name), &spec);
    EXPECT_EQ(&spec, &kSettingSpecs[static_cast<size_t>(spec.id)]) << spec.name;
    EXPECT_EQ(settings[spec.id], spec.initial) << spec.name;
    EXPECT_TRUE(CheckSetting(spec, spec.initial)) << spec.name;
    EXPECT_TRUE(CheckSetting(spec, spec.lowest)) << spec.name;
    EXPECT_TRUE(CheckSetting(spec, spec.highest)) << spec.name;
    EXPECT_FALSE(CheckSetting(spec, spec.highest + 1)) << spec.name;
    EXPECT_FALSE(CheckSetting(spec, spec.lowest - 1)) << spec.name;
    settings[spec.id] = 0.5;
    EXPECT_EQ(settings[spec.id], 0.5) << spec.name;
  }
  EXPECT_TRUE(CheckSettings(Settings{}));
  EXPECT_EQ(FindSetting("no_such_thing"), nullptr);
}

TEST(Settings, ParsesWhatPeopleWrite) {
  EXPECT_EQ(*ParseSetting(Spec("memory_warning_threshold"), "0.85"), 0.85);
  EXPECT_EQ(*ParseSetting(Spec("monitoring_interval"), "30"), 30);
  EXPECT_EQ(*ParseSetting(Spec("slow_request_threshold"), "2.5"), 2.5);
  for (const char* yes : {"1", "true", "True", "on", "yes"}) {
    EXPECT_EQ(*ParseSetting(Spec("cleanup_enabled"), yes), 1) << yes;
  }
  for (const char* no : {"0", "false", "False", "off", "no"}) {
    EXPECT_EQ(*ParseSetting(Spec("cleanup_enabled"), no), 0) << no;
  }
}

TEST(Settings, ErrorsNameFieldValueAndRange) {
  const struct {
    const char* field;
    const char* value;
    const char* range;
  } kRefused[] = {
      {"memory_warning_threshold", "80", "a ratio from 0.05 to 1"},
      {"memory_warning_threshold", "", "a ratio from 0.05 to 1"},
      {"memory_warning_threshold", "nan", "a ratio from 0.05 to 1"},
      {"memory_warning_threshold", "inf", "a ratio from 0.05 to 1"},
      {"monitoring_interval", "0.5", "1 to 3600 seconds"},
      {"monitoring_interval", "30s", "1 to 3600 seconds"},
      {"monitoring_interval", " 30", "1 to 3600 seconds"},
      {"accept_queue_warning_threshold", "2.5", "a whole number from 1 to 1000000"},
      {"accept_queue_warning_threshold", "0", "a whole number from 1 to 1000000"},
      {"cleanup_enabled", "maybe", "true or false"},
      {"cleanup_enabled", "2", "true or false"},
  };
  for (const auto& refused : kRefused) {
    const Result<double> result = ParseSetting(Spec(refused.field), refused.value);
    ASSERT_FALSE(result) << refused.field << " " << refused.value;
    EXPECT_THAT(result.error(),
                AllOf(HasSubstr(refused.field), HasSubstr("'" + std::string(refused.value) + "'"),
                      HasSubstr(refused.range)));
  }
}

TEST(Settings, CheckRefusesWhatIsNoNumberOrNotWhole) {
  EXPECT_FALSE(CheckSetting(Spec("hang_limit"), std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(CheckSetting(Spec("hang_limit"), std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(CheckSetting(Spec("cleanup_enabled"), 0.5));
}

bool IsSetting(std::string_view name) {
  return std::any_of(kSettingSpecs.begin(), kSettingSpecs.end(),
                     [name](const SettingSpec& spec) { return spec.name == name; });
}

TEST(Settings, WhatMayBeDoneIsAMode) {
  for (const SettingSpec& spec : kSettingSpecs) {
    if (!spec.meaning.starts_with("Whether")) continue;
    // The seed's switch; and one that says how, not whether.
    const bool is_switch = spec.name == "cleanup_enabled" || spec.name == "pool_leak_close";
    EXPECT_EQ(spec.type, is_switch ? SettingType::kSwitch : SettingType::kMode) << spec.name;
  }
}

TEST(Settings, ModesAreReadAsWordsNumbersAndSwitches) {
  for (const std::string_view name : {"connection_pool", "pool_leak_reclaim", "admission"}) {
    for (const std::string_view text : {"off", "false", "no", "0"}) {
      EXPECT_EQ(*ParseSetting(Spec(name), text), kModeOff) << name << " " << text;
    }
    for (const std::string_view text : {"observe", "1"}) {
      EXPECT_EQ(*ParseSetting(Spec(name), text), kModeObserve) << name << " " << text;
    }
    for (const std::string_view text : {"on", "true", "yes", "2"}) {
      EXPECT_EQ(*ParseSetting(Spec(name), text), kModeOn) << name << " " << text;
    }
    const Result<double> wrong = ParseSetting(Spec(name), "3");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error(), HasSubstr("'3' is not allowed; it takes off, observe or on"));
  }
}

TEST(Settings, WarningMustNotExceedCritical) {
  constexpr std::string_view kWarning = "_warning_threshold";
  for (const SettingSpec& spec : kSettingSpecs) {
    if (!spec.name.ends_with(kWarning)) continue;
    const std::string stem(spec.name.substr(0, spec.name.size() - kWarning.size()));
    if (!IsSetting(stem + "_critical_threshold")) continue;
    Settings settings;
    settings[spec.id] = spec.highest;
    const Result<Settings> result = CheckSettings(settings);
    ASSERT_FALSE(result) << spec.name;
    EXPECT_THAT(result.error(),
                AllOf(HasSubstr(std::string(spec.name)), HasSubstr("_critical_threshold (")));
  }
}

}  // namespace
}  // namespace stirbar
