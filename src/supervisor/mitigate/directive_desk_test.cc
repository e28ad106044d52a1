#include "supervisor/mitigate/directive_desk.h"

#include <gtest/gtest.h>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

TEST(DirectiveDesk, OneOrderAtATimeForEachWorker) {
  const TestSegment segment;
  DirectiveDesk desk(*segment);
  WorkerSample worker;
  worker.slot = 3;
  segment->workers[3].incarnation = 9;
  const auto cleanup = desk.AskCleanup(worker, {.step = CleanupStep::kCaches, .percent = 25}, 100);
  ASSERT_TRUE(cleanup.has_value());
  EXPECT_EQ(cleanup->number, 1U);
  EXPECT_EQ(cleanup->incarnation, 9U);
  EXPECT_EQ(segment->workers[3].directive.step.load(), 4U);
  EXPECT_EQ(segment->workers[3].directive.percent.load(), 25U);
  InFlightSample request;
  request.slot = 3;
  request.index = 7;
  request.started_ns = 55;
  EXPECT_FALSE(desk.AskInterrupt(request, 200).has_value());
  EXPECT_EQ(desk.StateOf(*cleanup), OrderState::kOpen);

  Directive& directive = segment->workers[3].directive;
  directive.done = 1;
  EXPECT_EQ(desk.StateOf(*cleanup), OrderState::kDone);
  ASSERT_TRUE(desk.AskInterrupt(request, 300).has_value());
  EXPECT_EQ(directive.kind.load(), static_cast<uint32_t>(DirectiveKind::kInterrupt));
  EXPECT_EQ(directive.in_flight.load(), 7U);
  EXPECT_EQ(directive.started_ns.load(), 55U);
  EXPECT_EQ(directive.ordered.load(), 2U);
  worker.slot = 4;
  EXPECT_TRUE(desk.AskCleanup(worker, {}, 300).has_value());
}

TEST(DirectiveDesk, AnOrderGoesWithItsWorker) {
  const TestSegment segment;
  DirectiveDesk desk(*segment);
  segment->workers[0].incarnation = 1;
  const auto order = desk.AskCleanup(WorkerSample{}, {}, 0);
  ASSERT_TRUE(order.has_value());
  segment->workers[0].incarnation = 2;
  EXPECT_EQ(desk.StateOf(*order), OrderState::kGone);
}

}  // namespace
}  // namespace stirbar
