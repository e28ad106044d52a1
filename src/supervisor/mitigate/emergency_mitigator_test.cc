#include "supervisor/mitigate/emergency_mitigator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>

#include "segment/identity.h"
#include "supervisor/mitigate/memory_fixture.h"
#include "supervisor/mitigate/operator_actions.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// The larger worker is a real process; all that is done about memory is put together as in the
// supervisor.
class Emergency : public testing::Test, public MemoryFixture {
 protected:
  Emergency() {
    settings().cleanup_enabled = 0;  // only what the emergency asks for
    sample().workers[1].process.rss_bytes = 300'000'000;
    const Shared<std::atomic<int>> ready;
    child_ = RunInChild([&] {
      ready->store(1);
      for (;;) pause();
    });
    while (ready->load() == 0) usleep(100);
    const auto pid = static_cast<uint32_t>(child_);
    sample().workers[1].pid = pid;
    segment().workers[1].owner = *IdentityOf(pid);
  }
  ~Emergency() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      Await(child_);
    }
  }
  void Act(double seconds_later = 0.25) {
    Pass(seconds_later);
    for (Mitigator* const each :
         std::initializer_list<Mitigator*>{&replacement_, &recycler_, &cleanup_, &emergency_}) {
      each->Act(sample(), evaluation());
    }
    for (const uint32_t slot : {0U, 1U}) {
      if (answers_ && directive(slot).ordered != directive(slot).done) Answer(slot, 1'000'000);
    }
  }
  void ActFor(double seconds) {
    for (double passed = 0; passed < seconds; passed += 0.25) Act();
  }
  int Outcome() {
    const int status = Await(child_);
    child_ = 0;
    return status;
  }
  std::vector<ActionSample> Recyclings() {
    std::vector<ActionSample> found;
    for (const ActionSample& action : actions.Newest()) {
      if (action.kind == ActionKind::kRecycle) found.push_back(action);
    }
    return found;
  }

  WorkerReplacement replacement_{segment()};
  WorkerRecycler recycler_{{segment(), replacement_, actions}};
  CleanupMitigator cleanup_{{segment(), desk, actions}};
  EmergencyMitigator emergency_{{segment(), cleanup_, recycler_}};
  OperatorActions operator_{cleanup_, recycler_};
  pid_t child_ = 0;
  bool answers_ = true;
};

TEST_F(Emergency, CleansAllAndThenRecyclesTheLargest) {
  SetRatio(0.95);
  for (int i = 0; i < 60 && Recyclings().empty(); ++i) Act();
  sample().workers[1].alive = false;
  const int status = Outcome();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  EXPECT_EQ(directive(0).ordered.load(), 5U);  // the other one was cleaned up as well
  ASSERT_THAT(Recyclings(), SizeIs(1));
  EXPECT_EQ(Recyclings()[0].state, ActionState::kRunning);
  EXPECT_THAT(Recyclings()[0].reason,
              HasSubstr("emergency: memory 95.0 % (475 of 500 MB); it holds 300 MB, 236 MB more "
                        "than a fresh one"));
  // Its successor serves.
  Act();
  EXPECT_EQ(Recyclings()[0].state, ActionState::kRunning);
  segment().workers[1].owner = 0;
  sample().workers[1].alive = true;
  sample().workers[1].incarnation = 7;
  sample().workers[1].process.rss_bytes = 60'000'000;
  sample().workers[1].age_seconds = 1;
  SetRatio(0.5);
  Act();
  Act();
  ASSERT_THAT(Recyclings(), SizeIs(1));
  EXPECT_EQ(Recyclings()[0].state, ActionState::kDone);
  EXPECT_EQ(Recyclings()[0].before_bytes, 400e6);
  EXPECT_EQ(Recyclings()[0].after_bytes, 160e6);
  EXPECT_EQ(Recyclings()[0].helped, true);
  Act();
  EXPECT_EQ(emergency_.state().state, EmergencyState::kCooling);
  EXPECT_THAT(LastEvent(), HasSubstr("memory emergency: recycling -> cooling"));
}

TEST_F(Emergency, IsKilledWhenItDoesNotLeaveInTime) {
  kill(child_, SIGKILL);
  Await(child_);
  const Shared<std::atomic<int>> ready;
  child_ = RunInChild([&] {
    signal(SIGTERM, SIG_IGN);
    ready->store(1);
    for (;;) pause();
  });
  while (ready->load() == 0) usleep(100);
  sample().workers[1].pid = static_cast<uint32_t>(child_);
  segment().workers[1].owner = *IdentityOf(static_cast<uint32_t>(child_));
  settings().recycle_drain_timeout = 10;
  ASSERT_TRUE(recycler_.Begin(sample().workers[1], {"asked for", ""}, sample()));
  Act(9.5);
  EXPECT_TRUE(replacement_.IsUnderWay());
  Act(1);
  const int status = Outcome();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(Emergency, TheLastWorkerThatCanAnswerStays) {
  evaluation().assessment.workers[0].hung = true;
  SetRatio(0.95);
  ActFor(15);
  ASSERT_THAT(Recyclings(), SizeIs(1));
  EXPECT_EQ(Recyclings()[0].state, ActionState::kWithheld);
  EXPECT_THAT(Recyclings()[0].effect, HasSubstr("it is the last worker that can answer"));
  EXPECT_EQ(emergency_.state().state, EmergencyState::kCooling);
  EXPECT_EQ(kill(child_, 0), 0);
}

TEST_F(Emergency, MemoryThatIsSomebodyElsesRecyclesNobody) {
  sample().machine.cgroup.memory_limit_bytes.reset();
  sample().machine.memory_total_bytes = 64'000'000'000;
  SetRatio(0.95);
  ActFor(15);
  ASSERT_THAT(Recyclings(), SizeIs(1));
  EXPECT_EQ(Recyclings()[0].effect, "that would give back less than 640 MB");
}

TEST_F(Emergency, ObserveSaysItAll) {
  settings().emergency = kModeObserve;
  SetRatio(0.95);
  ActFor(30);
  EXPECT_EQ(Ordered(), 0U);
  ASSERT_THAT(Recyclings(), SizeIs(1));
  EXPECT_EQ(Recyclings()[0].effect, "emergency is observe");
  EXPECT_THAT(actions.Newest(), SizeIs(11));  // five steps of two workers, and this
  EXPECT_TRUE(emergency_.state().withheld);
  EXPECT_EQ(kill(child_, 0), 0);
}

TEST_F(Emergency, WorkersThatDoNotAnswerHoldItUpForSecondsOnly) {
  answers_ = false;
  SetRatio(0.95);
  ActFor(14);
  ASSERT_THAT(Recyclings(), SizeIs(1));
  EXPECT_TRUE(WIFSIGNALED(Outcome()));
}

TEST_F(Emergency, TheBudgetIsSharedWithTheLadderOfStuckRequests) {
  settings().replacements_per_hour = 1;
  replacement_.Act(sample(), evaluation());
  ASSERT_TRUE(replacement_.Begin({1, sample().workers[1].pid, 5}, sample(), [](auto&&...) {}));
  Outcome();
  Act();
  Act(31);  // nobody came in its place
  SetRatio(0.95);
  ActFor(15);
  ASSERT_THAT(Recyclings(), SizeIs(1));
  EXPECT_THAT(Recyclings()[0].effect, HasSubstr("replacements_per_hour"));
}

// ----------------------------------------------------------------------------------- operators

TEST_F(Emergency, AnOperatorRecyclesOneWorker) {
  const Result<std::string> done = operator_.Ask(
      {ActionKind::kRecycle, static_cast<uint32_t>(child_), false, "operator"}, snapshot());
  ASSERT_TRUE(done) << done.error();
  EXPECT_THAT(*done, HasSubstr("is recycled"));
  EXPECT_TRUE(WIFSIGNALED(Outcome()));
  EXPECT_EQ(Recyclings()[0].actor, "operator");
}

TEST_F(Emergency, AnOperatorIsHeldByTheSameBrakes) {
  const auto ask = [&](ActionKind kind, std::optional<uint32_t> pid, bool dry_run) {
    return operator_.Ask({kind, pid, dry_run, "operator"}, snapshot());
  };
  const auto pid = static_cast<uint32_t>(child_);
  EXPECT_THAT(ask(ActionKind::kRecycle, {}, false).error(), HasSubstr("worker: is missing"));
  EXPECT_THAT(ask(ActionKind::kRecycle, 77, false).error(), HasSubstr("worker: 77 is no worker"));
  settings().observe_only = 1;
  EXPECT_THAT(ask(ActionKind::kCleanup, {}, false).error(), HasSubstr("observe_only is on"));
  EXPECT_TRUE(ask(ActionKind::kRecycle, pid, true));
  settings().observe_only = 0;
  evaluation().assessment.workers[0].hung = true;
  EXPECT_THAT(ask(ActionKind::kRecycle, pid, false).error(), HasSubstr("last worker that can"));
  ASSERT_TRUE(ask(ActionKind::kCleanup, {}, false));
  EXPECT_THAT(ask(ActionKind::kCleanup, {}, false).error(), HasSubstr("under way"));
  EXPECT_EQ(kill(child_, 0), 0);
  EXPECT_EQ(Recyclings()[0].state, ActionState::kWithheld);
}

}  // namespace
}  // namespace stirbar
