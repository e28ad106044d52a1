#include "supervisor/mitigate/cleanup_mitigator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "supervisor/mitigate/memory_fixture.h"

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using enum CleanupStep;

class CleanupMitigatorTest : public testing::Test, public MemoryFixture {
 protected:
  CleanupMitigatorTest() { SetRatio(0.85); }
  void Act(double seconds_later = 0) {
    Pass(seconds_later);
    mitigator_.Act(sample(), evaluation());
  }
  // The steps that the larger worker is asked for, each answered with `reclaimed_bytes`.
  std::vector<CleanupStep> StepsOf(uint32_t slot, uint64_t reclaimed_bytes, int seconds) {
    std::vector<CleanupStep> steps;
    uint64_t seen = directive(slot).ordered;
    for (int i = 0; i < seconds; ++i) {
      Act(1);
      if (directive(slot).ordered == seen) continue;
      seen = directive(slot).ordered;
      steps.push_back(Step(slot));
      Answer(slot, reclaimed_bytes);
    }
    return steps;
  }

  CleanupMitigator mitigator_{{segment(), desk, actions}};
};

TEST_F(CleanupMitigatorTest, TakesTheLargestWorkerAndTheCheapestStepFirst) {
  Act();
  EXPECT_EQ(directive(1).ordered.load(), 1U);
  EXPECT_EQ(directive(1).kind.load(), static_cast<uint32_t>(DirectiveKind::kCleanup));
  EXPECT_EQ(Step(1), kYoungGarbage);
  EXPECT_EQ(directive(1).wait_ns.load(), 5'000'000'000U);
  EXPECT_EQ(directive(1).budget_ns.load(), 250'000'000U);
  EXPECT_EQ(directive(1).percent.load(), 25U);
  EXPECT_EQ(directive(0).ordered.load(), 0U);
  Act(1);
  Act(1);
  EXPECT_EQ(Ordered(), 1U);  // never two at once
}

TEST_F(CleanupMitigatorTest, GoesOnToDearerStepsOnlyWhileMemoryStaysShort) {
  EXPECT_THAT(StepsOf(1, 5'000'000, 12),
              ElementsAre(kYoungGarbage, kConnections, kCallbacks, kCaches, kGarbage, kTrim));
  Act(1);
  EXPECT_EQ(Step(0), kYoungGarbage);  // then it is the other worker's turn
  Answer(0, 5'000'000);
  SetRatio(0.5);
  Act(1);
  const uint64_t ordered = Ordered();
  Act(60);
  EXPECT_EQ(Ordered(), ordered);
}

TEST_F(CleanupMitigatorTest, WhatWasDoneIsAnActionWithItsFiguresAndAnEvent) {
  Act();
  EXPECT_EQ(actions.Newest().back().state, ActionState::kRunning);
  directive(1).collected_objects = 1204;
  Answer(1, 50'000'000);
  Act(1);
  const ActionSample action = actions.Newest().front();
  EXPECT_EQ(action.state, ActionState::kDone);
  EXPECT_EQ(action.kind, ActionKind::kCleanup);
  EXPECT_EQ(action.slot, 1U);
  EXPECT_EQ(action.reason, "young garbage: memory is short");
  EXPECT_EQ(action.before_bytes, 200e6);
  EXPECT_EQ(action.after_bytes, 150e6);
  EXPECT_DOUBLE_EQ(action.seconds, 0.025);
  EXPECT_EQ(action.helped, true);
  EXPECT_EQ(action.effect,
            "50.0 MB given back of 200.0 MB in 25 ms; 1204 unreachable objects found; again in "
            "30 s at the soonest");
  EXPECT_THAT(LastEvent(), HasSubstr("cleanup of worker 1 (pid 4000001), young garbage: 50.0 MB"));
}

TEST_F(CleanupMitigatorTest, SaysHowFullPythonsArenasAre) {
  sample().workers[1].cleanup_steps = 1U << static_cast<uint32_t>(kTrim);
  Act();
  directive(1).arena_bytes = 80'000'000;
  directive(1).arena_used_bytes = 20'000'000;
  Answer(1, 0);
  Act(1);
  EXPECT_THAT(actions.Newest().front().effect,
              HasSubstr("Python's arenas hold 80.0 MB, 25 % of it in objects"));
  EXPECT_EQ(actions.Newest().front().kind, ActionKind::kTrim);
}

TEST_F(CleanupMitigatorTest, AStepThatDoesNotHelpIsTriedLessOften) {
  sample().workers.pop_back();
  sample().workers[0].cleanup_steps = 1U << static_cast<uint32_t>(kGarbage);
  std::vector<double> pauses;
  for (int i = 0; i < 7; ++i) {
    double pause = 0;
    for (const uint64_t before = Ordered(); Ordered() == before; pause += 1) Act(1);
    pauses.push_back(pause);
    Answer(0, 500'000);  // half a percent
  }
  EXPECT_NEAR(pauses[1], 60, 2);
  EXPECT_NEAR(pauses[2], 120, 2);
  EXPECT_NEAR(pauses[3], 240, 2);
  EXPECT_NEAR(pauses[5], 600, 2);
  EXPECT_NEAR(pauses[6], 600, 2);
}

TEST_F(CleanupMitigatorTest, OneThatOverrunsItsBudgetWaitsAsIfItHadNotHelped) {
  sample().workers.pop_back();
  sample().workers[0].cleanup_steps = 1U << static_cast<uint32_t>(kCallbacks);
  Act();
  Answer(0, 50'000'000);
  directive(0).duration_ns = 400'000'000;
  Act(1);
  EXPECT_THAT(actions.Newest().front().effect, HasSubstr("again in 60 s"));
}

TEST_F(CleanupMitigatorTest, DoesNothingWithoutNeedOrWhenSwitchedOff) {
  SetRatio(0.5);
  Act();
  SetRatio(0.85);
  settings().cleanup_enabled = 0;
  Act(1);
  EXPECT_EQ(Ordered(), 0U);
  EXPECT_THAT(actions.Newest(), IsEmpty());
}

TEST_F(CleanupMitigatorTest, AStepInModeObserveIsOnlySaidAndOneInModeOffIsLeftOut) {
  settings().cleanup_garbage = kModeOff;
  settings().cleanup_connections = kModeObserve;
  Act();
  EXPECT_EQ(Ordered(), 0U);
  ASSERT_THAT(actions.Newest(), SizeIs(1));
  EXPECT_EQ(actions.Newest()[0].state, ActionState::kWithheld);
  EXPECT_THAT(actions.Newest()[0].effect, HasSubstr("cleanup_connections observes"));
  Act(1);
  EXPECT_EQ(Step(1), kCallbacks);
}

TEST_F(CleanupMitigatorTest, ObserveOnlyTouchesNobody) {
  settings().observe_only = 1;
  for (int i = 0; i < 30; ++i) Act(1);
  EXPECT_EQ(Ordered(), 0U);
  EXPECT_THAT(actions.Newest(), SizeIs(12));  // six steps, two workers, once
}

TEST_F(CleanupMitigatorTest, AsksNobodyWhoCannotAnswer) {
  evaluation().assessment.workers[1].hung = true;
  sample().workers[0].lock_probe = LockProbe::kUnavailable;
  Act();
  sample().workers[0].lock_probe = LockProbe::kRunning;
  sample().workers[0].alive = false;
  Act(1);
  sample().workers[0].alive = true;
  sample().workers[0].state = WorkerState::kExiting;
  Act(1);
  EXPECT_EQ(Ordered(), 0U);
  sample().workers[0].state = WorkerState::kServing;
  Act(1);
  EXPECT_EQ(directive(0).ordered.load(), 1U);
}

TEST_F(CleanupMitigatorTest, AWorkerThatDoesNotAnswerIsGivenUp) {
  Act();
  Act(34);
  EXPECT_EQ(LastEvent(), "");
  Act(2);
  EXPECT_THAT(LastEvent(), HasSubstr("no answer within 36 s"));
  EXPECT_EQ(actions.Newest().front().state, ActionState::kFailed);
  Act(1);
  EXPECT_EQ(directive(1).ordered.load(), 1U);  // it still has that order: nobody asks it
}

TEST_F(CleanupMitigatorTest, AWorkerThatDiesInTheMiddleLeavesTheNextOneFree) {
  Act();
  segment().workers[1].incarnation = 9;  // another worker lives in the slot
  segment().workers[1].directive.ordered = 0;
  sample().workers[1].incarnation = 9;
  Act(1);
  EXPECT_THAT(actions.Newest().front().effect, HasSubstr("ended before it answered"));
  EXPECT_EQ(directive(1).ordered.load(), 1U);
}

TEST_F(CleanupMitigatorTest, AnAnswerFromNoiseIsHeldToWhatCanBe) {
  Act();
  directive(1).ordered = directive(1).done = directive(1).ordered.load();
  directive(1).before_bytes = 1000;
  directive(1).reclaimed_bytes = UINT64_MAX;
  directive(1).outcome = 99;
  std::memset(directive(1).text, 'x', sizeof directive(1).text);
  Act(1);
  EXPECT_EQ(actions.Newest().front().after_bytes, 0);
}

// ------------------------------------------------------------------------------------- rounds

TEST_F(CleanupMitigatorTest, ARoundTakesEachStepInEachWorkerOneAfterTheOther) {
  SetRatio(0.5);
  ASSERT_EQ(
      mitigator_.BeginRound({.reason = "asked for", .actor = "operator"}, sample(), evaluation()),
      2U);
  std::vector<CleanupStep> steps;
  for (int i = 0; i < 20 && mitigator_.HasRound(); ++i) {
    const uint64_t before = Ordered();
    Act(0.25);
    if (Ordered() == before) continue;
    const uint32_t slot = directive(1).ordered != directive(1).done ? 1 : 0;
    steps.push_back(Step(slot));
    EXPECT_EQ(slot, steps.size() <= 5 ? 1U : 0U);
    Answer(slot, 2'000'000);
  }
  EXPECT_THAT(steps, ElementsAre(kCaches, kCallbacks, kConnections, kGarbage, kTrim, kCaches,
                                 kCallbacks, kConnections, kGarbage, kTrim));
  EXPECT_EQ(actions.Newest()[0].actor, "operator");
  EXPECT_DOUBLE_EQ(mitigator_.reclaimed_bytes(), 20e6);
}

TEST_F(CleanupMitigatorTest, AnUrgentRoundDoesNotWaitAndEvictsAll) {
  ASSERT_EQ(mitigator_.BeginRound({.reason = "emergency", .actor = "", .urgent = true}, sample(),
                                  evaluation()),
            2U);
  Act();
  EXPECT_EQ(directive(1).wait_ns.load(), 0U);
  EXPECT_EQ(directive(1).percent.load(), 100U);
  // One that does not answer is left alone, the next one's turn comes.
  Act(6);
  Act(0.25);
  EXPECT_EQ(directive(0).ordered.load(), 1U);
}

TEST_F(CleanupMitigatorTest, ADryRunSaysAllAndDoesNothing) {
  ASSERT_EQ(
      mitigator_.BeginRound(
          {.reason = "asked for", .actor = "", .pid = 4'000'000, .urgent = false, .dry_run = true},
          sample(), evaluation()),
      1U);
  Act();
  EXPECT_FALSE(mitigator_.HasRound());
  EXPECT_EQ(Ordered(), 0U);
  ASSERT_THAT(actions.Newest(), SizeIs(5));
  EXPECT_THAT(actions.Newest()[0].effect,
              HasSubstr("would be done in worker 0 (pid 4000000), 100.0 MB resident; a dry run"));
}

}  // namespace
}  // namespace stirbar
