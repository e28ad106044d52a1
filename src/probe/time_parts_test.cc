#include "probe/time_parts.h"

#include <gtest/gtest.h>

#include <memory>

namespace stirbar {
namespace {

constexpr uint32_t kIndex = 5;

class TimePartsTest : public ::testing::Test {
 protected:
  TimePartsTest() {
    Request().started_ns = 77;
    BeginParts(*slot_, kIndex);
  }
  InFlight& Request() { return slot_->in_flight[kIndex]; }
  Activity Doing() { return static_cast<Activity>(Request().activity.load()); }
  PartTimes Times() {
    PartTimes times;
    ReadParts(*slot_, kIndex, &times);
    return times;
  }
  uint64_t Ns(Part part) { return Times().ns[static_cast<size_t>(part)]; }
  uint32_t Calls(Part part) { return Times().calls[static_cast<size_t>(part)]; }

  std::unique_ptr<WorkerSlot> slot_ = std::make_unique<WorkerSlot>();
};

TEST_F(TimePartsTest, ARequestThatDidNothingHasNone) {
  EXPECT_FALSE(Times().any);
  PartTimes times;
  ReadParts(*slot_, kMaxInFlight, &times);
  EXPECT_FALSE(times.any);
}

TEST_F(TimePartsTest, PartsAddUpAndShowWhileTheyRun) {
  ASSERT_TRUE(BeginPart(*slot_, kIndex, Part::kSql, 1000));
  EXPECT_EQ(Doing(), Activity::kSql);
  EXPECT_EQ(Request().activity_since_ns.load(), 1000U);
  EXPECT_EQ(EndPart(*slot_, kIndex, Part::kSql, 1, 1300), 300U);
  EXPECT_EQ(Doing(), Activity::kApplication);
  ASSERT_TRUE(BeginPart(*slot_, kIndex, Part::kSql, 2000));
  EndPart(*slot_, kIndex, Part::kSql, 0, 2050);  // a commit: time, but no statement
  ASSERT_TRUE(BeginPart(*slot_, kIndex, Part::kHttp, 3000));
  EXPECT_EQ(Doing(), Activity::kHttp);
  EndPart(*slot_, kIndex, Part::kHttp, 1, 3007);
  EXPECT_EQ(Ns(Part::kSql), 350U);
  EXPECT_EQ(Calls(Part::kSql), 1U);
  EXPECT_EQ(Ns(Part::kHttp), 7U);
  EXPECT_TRUE(Times().any);
}

TEST_F(TimePartsTest, WhatIsInsideAnotherPartIsTheOuterOnes) {
  ASSERT_TRUE(BeginPart(*slot_, kIndex, Part::kRedis, 1000));
  EXPECT_FALSE(BeginPart(*slot_, kIndex, Part::kHttp, 1100));
  EXPECT_EQ(EndPart(*slot_, kIndex, Part::kRedis, 1, 1500), 500U);
  EXPECT_EQ(Ns(Part::kHttp), 0U);
}

TEST_F(TimePartsTest, PausesInsideAPartAreTakenOffIt) {
  AddGarbagePause(*slot_, kIndex, 40);  // outside: taken off nothing
  ASSERT_TRUE(BeginPart(*slot_, kIndex, Part::kSql, 1000));
  AddGarbagePause(*slot_, kIndex, 100);
  AddLockWait(*slot_, kIndex, 77, 200);
  EXPECT_EQ(EndPart(*slot_, kIndex, Part::kSql, 1, 2000), 700U);
  EXPECT_EQ(Ns(Part::kGarbage), 140U);
  EXPECT_EQ(Calls(Part::kGarbage), 2U);
  EXPECT_EQ(Ns(Part::kLock), 200U);
  ASSERT_TRUE(BeginPart(*slot_, kIndex, Part::kSql, 3000));
  AddLockWait(*slot_, kIndex, 77, 100'000);  // a sample stands for more than there was
  EXPECT_EQ(EndPart(*slot_, kIndex, Part::kSql, 1, 3010), 0U);
}

TEST_F(TimePartsTest, AnEndAfterTheRequestIsNobodys) {
  ASSERT_TRUE(BeginPart(*slot_, kIndex, Part::kSql, 1000));
  BeginParts(*slot_, kIndex);
  EXPECT_EQ(EndPart(*slot_, kIndex, Part::kSql, 1, 1300), 0U);
  AddLockWait(*slot_, kIndex, 78, 100);
  EXPECT_FALSE(Times().any);
}

}  // namespace
}  // namespace stirbar
