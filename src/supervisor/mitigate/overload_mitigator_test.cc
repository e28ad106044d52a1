#include "supervisor/mitigate/overload_mitigator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "segment/events.h"
#include "segment/test_segment.h"
#include "supervisor/mitigate/test_actions.h"

namespace stirbar {
namespace {

using testing::SizeIs;

class Orders : public testing::Test {
 protected:
  void Act() { mitigator_.Act(sample_, evaluation_); }
  LoadVerdict& load() { return evaluation_.load; }
  SupervisorBlock& block() { return segment_->supervisor; }
  std::vector<EventRecord> Events() { return ReadEvents(*segment_, 100); }

  TestSegment segment_;
  TestActions actions_;
  OverloadMitigator mitigator_{*segment_, actions_};
  Sample sample_;
  Evaluation evaluation_;
};

TEST_F(Orders, FiguresAreWrittenAtEveryTick) {
  load().pressure = 0.75;
  load().saturation = 0.5;
  sample_.traffic.streams = 3;
  Act();
  EXPECT_EQ(std::bit_cast<double>(block().pressure.load()), 0.75);
  EXPECT_EQ(std::bit_cast<double>(block().saturation.load()), 0.5);
  EXPECT_EQ(block().connections.load(), 3U);
  load().saturation = kNotMeasured;
  Act();
  EXPECT_EQ(std::bit_cast<double>(block().saturation.load()), 0);
  EXPECT_THAT(Events(), SizeIs(0));
}

TEST_F(Orders, AChangeOfLevelIsOneEventWithItsReason) {
  load().shed_level = 2;
  load().shed_reason = "the queue is long";
  Act();
  Act();
  EXPECT_EQ(block().shed_level.load(), 2U);
  load().shed_level = 0;
  load().shed_reason = "the queue is short";
  Act();
  const auto events = Events();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].fields.kind, EventKind::kShedLevelChanged);
  EXPECT_EQ(events[0].fields.severity, Severity::kWarning);
  EXPECT_EQ(events[0].fields.value, 2);
  EXPECT_EQ(events[0].fields.value2, 0);
  EXPECT_STREQ(events[0].text, "shed level 0 -> 2: the queue is long");
  EXPECT_EQ(events[1].fields.severity, Severity::kInfo);
  EXPECT_EQ(events[1].fields.value2, 2);
}

TEST_F(Orders, TheOwnBacklogIsLearnedOnlyWhileNoOrderHolds) {
  sample_.listeners.push_back({.address = "127.0.0.1:80", .backlog = 2048});
  Act();
  EXPECT_EQ(block().backlog_own.load(), 2048U);
  load().backlog = 50;
  load().backlog_reason = "who comes now waits 2 s";
  Act();
  EXPECT_EQ(block().backlog.load(), 50U);
  sample_.listeners[0].backlog = 50;
  Act();
  load().backlog = 0;
  Act();
  Act();  // the workers have not given it back yet
  EXPECT_EQ(block().backlog_own.load(), 2048U);
  const auto events = Events();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].fields.kind, EventKind::kBacklogChanged);
  EXPECT_EQ(events[0].fields.value, 50);
  EXPECT_STREQ(events[0].text, "who comes now waits 2 s");
}

TEST_F(Orders, WhatIsWithheldIsSaidOnceAndChangesNothing) {
  load().withheld_level = 2;
  load().shed_reason = "would refuse";
  load().withheld_backlog = 50;
  load().backlog_reason = "would shorten";
  Act();
  load().withheld_backlog = 80;  // follows the service rate
  Act();
  EXPECT_EQ(block().shed_level.load(), 0U);
  EXPECT_EQ(block().backlog.load(), 0U);
  const auto events = Events();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].fields.kind, EventKind::kActionWithheld);
  EXPECT_STREQ(events[0].text, "would refuse");
  EXPECT_STREQ(events[1].text, "would shorten");
}

TEST_F(Orders, WhatASupervisorBeforeHadOrderedIsTakenOver) {
  block().shed_level = 2;
  block().backlog = 50;
  block().backlog_own = 2048;
  sample_.listeners.push_back({.address = "127.0.0.1:80", .backlog = 50});
  Act();
  EXPECT_EQ(block().shed_level.load(), 0U);
  EXPECT_EQ(block().backlog.load(), 0U);
  EXPECT_EQ(block().backlog_own.load(), 2048U);
}

TEST_F(Orders, AreWithdrawnAtTheEnd) {
  load().shed_level = 1;
  load().backlog = 9;
  Act();
  mitigator_.Withdraw();
  EXPECT_EQ(block().shed_level.load(), 0U);
  EXPECT_EQ(block().backlog.load(), 0U);
}

}  // namespace
}  // namespace stirbar
