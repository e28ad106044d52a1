#include "supervisor/setting_desk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "segment/config.h"
#include "segment/test_segment.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

constexpr SettingId kId = SettingId::memory_warning_threshold;
constexpr uint64_t kNow = 1'795'450'800'123'000'000;

const SettingSpec& Spec() { return *FindSetting("memory_warning_threshold"); }

class Records : public RecordSink {
 public:
  void Record(const HistoryRecord& record) override { all.push_back(record); }
  std::vector<HistoryRecord> all;
};

class SettingDeskTest : public ::testing::Test {
 protected:
  SettingDeskTest()
      : folder_(::testing::TempDir() + "stirbar-desk-" + std::to_string(getpid())),
        path_(folder_ + "/state/settings-shop.json") {
    fs::remove_all(folder_);
  }
  ~SettingDeskTest() override { fs::remove_all(folder_); }

  std::unique_ptr<SettingDesk> Desk(SettingValues file = {}, SettingValues environment = {}) {
    auto desk = std::make_unique<SettingDesk>(
        **segment_, SettingStore(path_), records_,
        [this](Severity, const std::string& line) { log_.push_back(line); });
    desk->Begin(std::move(file), std::move(environment), kNow);
    return desk;
  }
  static SettingProposal Set(double value) {
    return {.set = {{"memory_warning_threshold", value}}};
  }
  SettingOutcome Change(SettingDesk& desk, const SettingProposal& proposal) {
    return desk.Change(proposal, "operator from 127.0.0.1", ChangeMode::kApply, kNow);
  }
  double Value() const { return ReadSettings(**segment_).values.memory_warning_threshold; }
  SettingOrigin Origin() const {
    return ReadSettings(**segment_).origins.at(static_cast<size_t>(kId));
  }

  const std::string folder_;
  const std::string path_;
  std::unique_ptr<TestSegment> segment_ = std::make_unique<TestSegment>();
  Records records_;
  std::vector<std::string> log_;
};

TEST_F(SettingDeskTest, AChangeHoldsIsRecordedAndLogged) {
  const auto desk = Desk();
  const SettingOutcome outcome = Change(*desk, Set(0.7));
  EXPECT_FALSE(outcome.refusal);
  EXPECT_EQ(outcome.not_stored, "");
  EXPECT_EQ(Value(), 0.7);
  EXPECT_EQ(Origin(), SettingOrigin::kRuntime);
  ASSERT_EQ(records_.all.size(), 1U);
  const HistoryRecord& record = records_.all[0];
  EXPECT_EQ(record.kind, RecordKind::kSetting);
  EXPECT_EQ(record.name, "memory_warning_threshold");
  EXPECT_EQ(record.actor, "operator from 127.0.0.1");
  EXPECT_EQ(record.text, "setting memory_warning_threshold: 0.8 (default) -> 0.7 (runtime)");
  EXPECT_NE(record.details.find("\"number\":1"), std::string::npos) << record.details;
  EXPECT_EQ(log_.at(0), record.text + ", by operator from 127.0.0.1");
}

TEST_F(SettingDeskTest, ARefusalChangesNothingAndIsRecorded) {
  const auto desk = Desk();
  const SettingOutcome outcome = Change(*desk, Set(1.5));
  ASSERT_TRUE(outcome.refusal);
  EXPECT_EQ(Value(), 0.8);
  ASSERT_EQ(records_.all.size(), 1U);
  EXPECT_EQ(records_.all[0].severity, Severity::kWarning);
  EXPECT_EQ(records_.all[0].text, "a change was refused: " + outcome.refusal->Text());
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SettingDeskTest, ADryRunChangesAndRecordsNothing) {
  const auto desk = Desk();
  const SettingOutcome outcome = desk->Change(Set(0.7), "me", ChangeMode::kDryRun, kNow);
  EXPECT_EQ(outcome.changes.size(), 1U);
  EXPECT_EQ(Value(), 0.8);
  EXPECT_TRUE(records_.all.empty());
  EXPECT_TRUE(desk->changes().empty());
}

TEST_F(SettingDeskTest, ARestartedSupervisorKnowsAllOfIt) {
  Change(*Desk(), Set(0.7));
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  segment_ = std::make_unique<TestSegment>();  // the app has begun anew, too
  const auto desk = Desk({}, {{kId, 0.75}});
  EXPECT_EQ(Value(), 0.7);
  EXPECT_EQ(Origin(), SettingOrigin::kRuntime);
  ASSERT_EQ(desk->changes().size(), 1U);
  EXPECT_EQ(desk->changes()[0].actor, "operator from 127.0.0.1");
  EXPECT_EQ(desk->LastChange(kId)->number, 1U);
  EXPECT_EQ(Change(*desk, {.reset = {"memory_warning_threshold"}}).changes.at(0).number, 2U);
  EXPECT_EQ(Value(), 0.75);
  EXPECT_EQ(Origin(), SettingOrigin::kEnvironment);
}

TEST_F(SettingDeskTest, AResetFallsBackToWhatTheApplicationSaid) {
  const auto desk = Desk();
  Change(*desk, Set(0.7));
  WriteApplicationSetting(**segment_, Spec(), 0.6);  // a worker that starts later
  desk->Turn(kNow);
  EXPECT_EQ(Value(), 0.7);
  Change(*desk, {.reset = {"memory_warning_threshold"}});
  EXPECT_EQ(Value(), 0.6);
  EXPECT_EQ(Origin(), SettingOrigin::kApplication);
}

TEST_F(SettingDeskTest, TheFileIsStrongerThanTheApplication) {
  WriteApplicationSetting(**segment_, Spec(), 0.6);
  const auto desk = Desk({{kId, 0.65}});
  EXPECT_EQ(Value(), 0.65);
  EXPECT_EQ(Origin(), SettingOrigin::kFile);
}

TEST_F(SettingDeskTest, AnOrderThroughTheSegmentIsTakenUp) {
  const auto desk = Desk();
  const SettingSpec& shed = *FindSetting("shed_level");
  ASSERT_TRUE(WriteSetting(**segment_, shed, 2, SettingOrigin::kRuntime));
  desk->Turn(kNow);
  desk->Turn(kNow);
  ASSERT_EQ(records_.all.size(), 1U);
  EXPECT_EQ(records_.all[0].text, "setting shed_level: -1 (default) -> 2 (runtime)");
  EXPECT_EQ(Change(*desk, {.revert = 1}).changes.at(0).after, -1);
  EXPECT_EQ(ReadSettings(**segment_).values.shed_level, -1);
}

TEST_F(SettingDeskTest, WhatCannotBeStoredHoldsAllTheSame) {
  fs::create_directories(folder_);
  std::ofstream(folder_ + "/state") << "a file where the folder should be";
  const auto desk = Desk();
  const SettingOutcome outcome = Change(*desk, Set(0.7));
  EXPECT_FALSE(outcome.refusal);
  EXPECT_NE(outcome.not_stored, "");
  EXPECT_EQ(Value(), 0.7);
  EXPECT_EQ(desk->not_stored(), outcome.not_stored);
}

TEST_F(SettingDeskTest, AFileThatCannotBeUsedIsPutAside) {
  fs::create_directories(folder_ + "/state");
  std::ofstream(path_) << "{\"runtime\": {\"memory_warning_thresh";
  const auto desk = Desk();
  EXPECT_EQ(Value(), 0.8);
  EXPECT_TRUE(fs::exists(path_ + ".refused"));
  ASSERT_EQ(records_.all.size(), 1U);
  EXPECT_NE(records_.all[0].text.find("it is no JSON object"), std::string::npos);
}

TEST_F(SettingDeskTest, AFileThatOthersMayWriteIsNotTrusted) {
  Change(*Desk(), Set(0.7));
  ASSERT_EQ(chmod(path_.c_str(), 0622), 0);
  segment_ = std::make_unique<TestSegment>();
  const auto desk = Desk();
  EXPECT_EQ(Value(), 0.8);
  EXPECT_NE(log_.back().find("other users may write it"), std::string::npos) << log_.back();
}

TEST_F(SettingDeskTest, AStoredValueThatIsNotAllowedAnyMoreIsLeftOut) {
  fs::create_directories(folder_ + "/state");
  std::ofstream(path_) << R"({"version": 1, "runtime": {"memory_warning_threshold": "7",
    "hang_limit": "20", "gone_setting": "1"}, "changes": [{"setting": "gone_setting"}, 3]})";
  chmod(path_.c_str(), 0600);
  const auto desk = Desk();
  EXPECT_EQ(Value(), 0.8);
  EXPECT_EQ(ReadSettings(**segment_).values.hang_limit, 20);
  EXPECT_EQ(records_.all.size(), 2U);
}

TEST_F(SettingDeskTest, AStoredValueThatContradictsAStrongerWordIsToldAndNotObeyed) {
  Change(*Desk(), Set(0.88));
  segment_ = std::make_unique<TestSegment>();
  records_.all.clear();
  const auto desk = Desk({}, {{SettingId::memory_critical_threshold, 0.85}});
  desk->Turn(kNow);
  EXPECT_TRUE(CheckSettings(ReadSettings(**segment_).values).ok());
  ASSERT_EQ(records_.all.size(), 1U);
  EXPECT_NE(records_.all[0].text.find("is not obeyed"), std::string::npos);
}

TEST_F(SettingDeskTest, KeepsTheNewestChanges) {
  const auto desk = Desk();
  for (int i = 0; i < 210; ++i) Change(*desk, Set(i % 2 == 0 ? 0.7 : 0.6));
  EXPECT_EQ(desk->changes().size(), kSettingChanges);
  EXPECT_EQ(desk->changes().back().number, 210U);
  EXPECT_EQ(SettingStore(path_).Load().changes.size(), kSettingChanges);
}

}  // namespace
}  // namespace stirbar
