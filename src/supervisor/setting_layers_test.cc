#include "supervisor/setting_layers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace stirbar {
namespace {

constexpr SettingId kWarning = SettingId::cpu_warning_threshold;
constexpr SettingId kCritical = SettingId::cpu_critical_threshold;

TEST(SettingLayers, TheStrongerOriginHolds) {
  SettingLayers layers;
  EXPECT_EQ(Resolve(layers).values[kWarning], 0.8);
  EXPECT_EQ(Resolve(layers).OriginOf(kWarning), SettingOrigin::kDefault);
  layers.application[kWarning] = 0.1;
  layers.file[kWarning] = 0.2;
  layers.environment[kWarning] = 0.3;
  layers.runtime[kWarning] = 0.4;
  EXPECT_EQ(Resolve(layers).values[kWarning], 0.4);
  layers.runtime.clear();
  EXPECT_EQ(Resolve(layers).values[kWarning], 0.3);
  EXPECT_EQ(Resolve(layers).OriginOf(kWarning), SettingOrigin::kEnvironment);
  layers.environment.clear();
  EXPECT_EQ(Resolve(layers).values[kWarning], 0.2);
  EXPECT_EQ(Resolve(layers).OriginOf(kWarning), SettingOrigin::kFile);
  layers.file.clear();
  EXPECT_EQ(Resolve(layers).values[kWarning], 0.1);
  EXPECT_EQ(layers.Said(SettingOrigin::kDefault, kWarning), 0.8);
  EXPECT_EQ(layers.Said(SettingOrigin::kFile, kWarning), std::nullopt);
}

TEST(SettingLayers, OfAContradictionTheWeakerOriginIsLeftOut) {
  SettingLayers layers;
  layers.application[kWarning] = 0.85;
  layers.environment[kCritical] = 0.82;
  const ResolvedSettings resolved = Resolve(layers);
  EXPECT_EQ(resolved.values[kWarning], 0.8);
  EXPECT_EQ(resolved.values[kCritical], 0.82);
  ASSERT_EQ(resolved.ignored.size(), 1U);
  EXPECT_EQ(resolved.ignored[0].id, kWarning);
  EXPECT_EQ(resolved.ignored[0].origin, SettingOrigin::kApplication);
  EXPECT_EQ(resolved.ignored[0].reason, "cpu_critical_threshold is 0.82 (environment)");
}

TEST(SettingLayers, WhatHoldsIsAllowedWhateverTheOriginsSay) {
  for (int code = 0; code < 4096; ++code) {
    SettingLayers layers;
    int rest = code;
    for (SettingValues* const layer :
         {&layers.application, &layers.file, &layers.environment, &layers.runtime}) {
      for (const SettingId id : {kWarning, kCritical}) {
        if (rest % 8 % 2 != 0) (*layer)[id] = 0.7 + 0.1 * (rest / 2 % 4);
        rest /= 3;
      }
    }
    ASSERT_TRUE(CheckSettings(Resolve(layers).values).ok()) << code;
  }
}

class FileSettingsTest : public ::testing::Test {
 protected:
  FileSettingsTest()
      : path_(::testing::TempDir() + "stirbar-settings-" + std::to_string(getpid()) + ".toml") {}
  ~FileSettingsTest() override { std::filesystem::remove(path_); }
  Result<ConfigFile> Load(std::string_view text) {
    std::ofstream(path_) << text;
    return LoadConfigFile(path_);
  }
  std::string ErrorOf(std::string_view text) {
    const Result<ConfigFile> file = Load(text);
    if (!file) return file.error();
    const Result<SettingValues> values = SettingsFromFile(*file);
    return values ? "" : values.error();
  }

  const std::string path_;
};

TEST_F(FileSettingsTest, ReadsEachKindOfValue) {
  const Result<ConfigFile> file = Load(
      "[settings]\nhang_limit = 20\nmemory_warning_threshold = 0.7\ncleanup_enabled = false\n"
      "admission = \"observe\"\nbacklog_control = true\n");
  ASSERT_TRUE(file.ok());
  const Result<SettingValues> values = SettingsFromFile(*file);
  ASSERT_TRUE(values.ok()) << values.error();
  const SettingValues expected{{SettingId::hang_limit, 20},
                               {SettingId::memory_warning_threshold, 0.7},
                               {SettingId::cleanup_enabled, 0},
                               {SettingId::admission, kModeObserve},
                               {SettingId::backlog_control, kModeOn}};
  EXPECT_EQ(*values, expected);
  EXPECT_TRUE(SettingsFromFile(ConfigFile{})->empty());
}

TEST_F(FileSettingsTest, RefusesWithPlaceFieldValueAndRange) {
  const std::pair<const char*, const char*> cases[] = {
      {"memory_warning_threshold = 1.5",
       ":2:28: memory_warning_threshold: '1.5' is not allowed; it takes a ratio from 0.05 to 1"},
      {"cleanup_enabled = 'perhaps'",
       ":2:19: cleanup_enabled: 'perhaps' is not allowed; it takes true or false"},
      {"hang_limit = true",
       ":2:14: hang_limit: 'true' is not allowed; it takes 1 to 86400 seconds"},
      {"hang_limit = [1]",
       ":2:14: hang_limit: 'an array' is not allowed; it takes 1 to 86400 seconds"},
      {"hang_limt = 3",
       ":2:13: hang_limt: '3' is not allowed; it takes no value: there is no such setting; did you "
       "mean hang_limit?"}};
  for (const auto& [line, message] : cases) {
    EXPECT_EQ(ErrorOf("[settings]\n" + std::string(line) + "\n"), path_ + message);
  }
  EXPECT_EQ(ErrorOf("settings = 3\n"), path_ + ":1:12: 'settings' is not a table: [settings]");
}

TEST_F(FileSettingsTest, AContradictionNamesItsPlaceInTheFile) {
  const Result<ConfigFile> file = Load("[settings]\ncpu_critical_threshold = 0.5\n");
  const SettingValues values = *SettingsFromFile(*file);
  const Result<size_t> refused = CheckStart(*file, values, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error(),
            path_ +
                ":2:26: cpu_warning_threshold: '0.8' is not allowed; it takes at most "
                "cpu_critical_threshold (0.5)");
  EXPECT_TRUE(CheckStart(*file, values, {{kWarning, 0.4}}).ok());
}

}  // namespace
}  // namespace stirbar
