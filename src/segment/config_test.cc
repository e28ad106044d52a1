#include "segment/config.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

const SettingSpec& Slow() { return *FindSetting("slow_request_threshold"); }

double SlowNow(const Segment& segment) {
  return ReadSettings(segment).values.slow_request_threshold;
}

TEST(SegmentConfig, AStrongerOriginHolds) {
  const TestSegment segment;
  EXPECT_EQ(SlowNow(*segment), Slow().initial);
  EXPECT_TRUE(WriteSetting(*segment, Slow(), 2, SettingOrigin::kApplication));
  EXPECT_TRUE(WriteSetting(*segment, Slow(), 3, SettingOrigin::kEnvironment));
  EXPECT_FALSE(WriteSetting(*segment, Slow(), 4, SettingOrigin::kApplication));
  EXPECT_EQ(SlowNow(*segment), 3);
  EXPECT_TRUE(WriteSetting(*segment, Slow(), 5, SettingOrigin::kEnvironment));
  EXPECT_TRUE(WriteSetting(*segment, Slow(), 6, SettingOrigin::kRuntime));
  EXPECT_EQ(SlowNow(*segment), 6);
  EXPECT_EQ(ReadSettings(*segment).origins.at(static_cast<size_t>(Slow().id)),
            SettingOrigin::kRuntime);
  EXPECT_EQ(segment->config.generation.load(), 4U);
}

TEST(SegmentConfig, WhatTheApplicationSaysIsKeptUnderWhatIsStronger) {
  const TestSegment segment;
  EXPECT_TRUE(ReadApplicationSettings(*segment).empty());
  EXPECT_TRUE(WriteSetting(*segment, Slow(), 3, SettingOrigin::kEnvironment));
  WriteApplicationSetting(*segment, Slow(), 2);
  EXPECT_EQ(SlowNow(*segment), 3);
  const std::map<SettingId, double> said = ReadApplicationSettings(*segment);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said.at(Slow().id), 2);
  PutSetting(*segment, Slow(), 2, SettingOrigin::kApplication);
  EXPECT_EQ(SlowNow(*segment), 2);
}

TEST(SegmentConfig, ZeroIsSomethingThatTheApplicationCanSay) {
  const TestSegment segment;
  WriteApplicationSetting(*segment, *FindSetting("cleanup_enabled"), 0);
  EXPECT_EQ(ReadApplicationSettings(*segment).at(SettingId::cleanup_enabled), 0);
}

TEST(SegmentConfig, WhatIsOutOfRangeReadsAsTheDefault) {
  const TestSegment segment;
  Word& word = segment->config.value[static_cast<size_t>(Slow().id)];
  for (const double value : {-1.0, 0.0, 1e9, std::nan(""), HUGE_VAL}) {
    word = std::bit_cast<uint64_t>(value);
    EXPECT_EQ(SlowNow(*segment), Slow().initial) << value;
  }
  segment->config.origin[static_cast<size_t>(Slow().id)] = 77;
  EXPECT_EQ(ReadSettings(*segment).origins.at(static_cast<size_t>(Slow().id)),
            SettingOrigin::kDefault);
}

TEST(SegmentConfig, NoiseReadsAsSomethingAllowed) {
  const TestSegment segment;
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    for (Word& word : segment->config.value) word = random();
    for (Word& word : segment->config.application) word = random();
    const SegmentSettings settings = ReadSettings(*segment);
    for (const SettingSpec& spec : kSettingSpecs) {
      ASSERT_TRUE(CheckSetting(spec, settings.values[spec.id]).ok()) << spec.name;
    }
    for (const auto& [id, value] : ReadApplicationSettings(*segment)) {
      ASSERT_TRUE(CheckSetting(kSettingSpecs.at(static_cast<size_t>(id)), value).ok());
    }
  }
}

}  // namespace
}  // namespace stirbar
