#include "supervisor/mitigate/stuck_ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum StuckStep;

// gunicorn workers of one slot each, and requests that grow old as the test moves the clock. Both
// rungs are on; limit 30 s, replaced after 30 s more.
class StuckLadderTest : public testing::Test {
 protected:
  StuckLadderTest() {
    sample_.tick.now_ns = 10'000'000'000'000;
    settings().stuck_request_interrupt = settings().stuck_request_replace = kModeOn;
    settings().stuck_request_record = kModeOff;
  }

  Settings& settings() { return sample_.settings; }
  WorkerSample& AddWorker(uint32_t capacity = 1) {
    WorkerSample& worker = sample_.workers.emplace_back();
    worker.slot = static_cast<uint32_t>(sample_.workers.size() - 1);
    worker.pid = 100 + worker.slot;
    worker.state = WorkerState::kServing;
    worker.server_kind = ServerKind::kGunicorn;
    worker.capacity = capacity;
    verdicts_.emplace_back();
    return worker;
  }
  InFlightSample& Begin(uint32_t slot, double limit_seconds = 30) {
    ++sample_.workers[slot].in_flight;
    InFlightSample& request = sample_.in_flight.emplace_back();
    request.slot = slot;
    request.pid = 100 + slot;
    request.index = static_cast<uint32_t>(sample_.in_flight.size());
    request.phase = RequestPhase::kHandling;
    request.started_ns = sample_.tick.now_ns;
    request.limit_seconds = limit_seconds;
    return request;
  }
  // One look after `seconds`.
  std::vector<StuckStep> After(double seconds) {
    sample_.tick.now_ns += static_cast<uint64_t>(seconds * 1e9);
    for (InFlightSample& request : sample_.in_flight) {
      request.age_seconds = Seconds(AgeOf(request.started_ns, sample_.tick.now_ns));
    }
    std::vector<StuckStep> steps;
    budget_.Turn(sample_, replacing_);
    for (const StuckAction& action : ladder_.Next(sample_, verdicts_, budget_)) {
      steps.push_back(action.step);
      slot_ = action.request->slot;
      reason_ = action.reason;
      if (action.step == kInterrupt) ladder_.NoteInterrupt(*action.request);
      if (action.step == kReplace) {
        budget_.Take(sample_);
        replacing_ = true;
      }
    }
    return steps;
  }

  Sample sample_;
  std::vector<WorkerVerdict> verdicts_;
  ReplacementBudget budget_;
  StuckLadder ladder_;
  bool replacing_ = false;
  uint32_t slot_ = 99;
  std::string reason_;
};

TEST_F(StuckLadderTest, InterruptsAtTheLimitAndReplacesLater) {
  AddWorker();
  AddWorker();
  Begin(1);
  EXPECT_THAT(After(29.9), IsEmpty());
  EXPECT_THAT(After(0.1), ElementsAre(kInterrupt));
  EXPECT_THAT(After(29.9), IsEmpty());
  EXPECT_THAT(After(0.1), ElementsAre(kReplace));
  EXPECT_EQ(slot_, 1U);
  EXPECT_THAT(After(60), IsEmpty());
}

TEST_F(StuckLadderTest, ObserveSaysItOnceForEachRequest) {
  settings().stuck_request_interrupt = settings().stuck_request_replace = kModeObserve;
  AddWorker();
  AddWorker();
  Begin(0);
  Begin(1, 40);
  EXPECT_THAT(After(30), ElementsAre(kWithholdInterrupt));
  EXPECT_EQ(reason_, "stuck_request_interrupt is observe");
  EXPECT_THAT(After(10), ElementsAre(kWithholdInterrupt));
  EXPECT_THAT(After(20), ElementsAre(kWithholdReplace));
  EXPECT_EQ(reason_, "stuck_request_replace is observe");
  EXPECT_THAT(After(100), ElementsAre(kWithholdReplace));
  EXPECT_THAT(After(100), IsEmpty());
}

TEST_F(StuckLadderTest, ObserveOnlyWithholdsWhatIsOn) {
  settings().observe_only = 1;
  AddWorker();
  Begin(0);
  EXPECT_THAT(After(30), ElementsAre(kWithholdInterrupt));
  EXPECT_EQ(reason_, "observe_only is on");
  EXPECT_THAT(After(30), ElementsAre(kWithholdReplace));
  EXPECT_EQ(reason_, "observe_only is on, and it is the only worker");
}

TEST_F(StuckLadderTest, OffDoesNothing) {
  settings().stuck_request_interrupt = settings().stuck_request_replace = kModeOff;
  AddWorker();
  AddWorker();
  Begin(0);
  EXPECT_THAT(After(1000), IsEmpty());
}

TEST_F(StuckLadderTest, ARoutesOwnLimitCountsAndStreamsHaveNone) {
  AddWorker();
  AddWorker();
  Begin(0, 2);
  Begin(1, 2).phase = RequestPhase::kStreaming;
  Begin(1, 0);  // long-lived by declaration
  EXPECT_THAT(After(2), ElementsAre(kInterrupt));
  EXPECT_EQ(slot_, 0U);
}

TEST_F(StuckLadderTest, WaitsForTheRecordForASecond) {
  settings().stuck_request_record = kModeOn;
  AddWorker();
  Begin(0);
  Begin(0).stuck = kStuckRecorded;
  EXPECT_THAT(After(30), ElementsAre(kInterrupt));
  EXPECT_THAT(After(0.75), IsEmpty());
  EXPECT_THAT(After(0.25), ElementsAre(kInterrupt));
}

TEST_F(StuckLadderTest, AnInterruptThatCannotBeOrderedIsAskedForAgain) {
  AddWorker();
  Begin(0).age_seconds = 31;
  for (int look = 0; look < 3; ++look) {
    const auto actions = ladder_.Next(sample_, verdicts_, budget_);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(actions[0].step, kInterrupt);
    if (look == 2) ladder_.NoteInterrupt(*actions[0].request);
  }
  EXPECT_THAT(ladder_.Next(sample_, verdicts_, budget_), IsEmpty());
}

TEST_F(StuckLadderTest, OneThatASupervisorBeforeInterruptedIsNotAgain) {
  AddWorker();
  Begin(0).stuck = kStuckInterrupted;
  EXPECT_THAT(After(31), IsEmpty());
}

TEST_F(StuckLadderTest, ARequestNotYetRoutedIsNotInterruptedButReplaced) {
  AddWorker();
  AddWorker();
  Begin(0).phase = RequestPhase::kRouting;
  EXPECT_THAT(After(31), IsEmpty());
  EXPECT_THAT(After(30), ElementsAre(kReplace));
}

TEST_F(StuckLadderTest, TheOnlyWorkerIsNeverReplaced) {
  AddWorker();
  Begin(0);
  EXPECT_THAT(After(60), ElementsAre(kInterrupt, kForgoReplace));
  EXPECT_EQ(reason_, "it is the only worker");
  EXPECT_THAT(After(1000), IsEmpty());
  AddWorker();
  EXPECT_THAT(After(1), ElementsAre(kReplace));
}

TEST_F(StuckLadderTest, TheLastOneThatCanAnswerStays) {
  settings().stuck_request_interrupt = kModeOff;
  AddWorker(4);  // three more threads
  AddWorker();
  Begin(0);
  verdicts_[1].hung = true;
  EXPECT_THAT(After(60), ElementsAre(kForgoReplace));
  EXPECT_EQ(reason_, "it is the last worker that can answer");
  verdicts_[1].hung = false;
  EXPECT_THAT(After(1), ElementsAre(kReplace));
}

TEST_F(StuckLadderTest, AHungWorkerIsReplacedThoughTheOtherIsBusy) {
  settings().stuck_request_interrupt = kModeOff;
  AddWorker();
  AddWorker();
  Begin(0);
  verdicts_[0].hung = true;
  After(59);
  Begin(1);
  EXPECT_THAT(After(1), ElementsAre(kReplace));
  EXPECT_EQ(slot_, 0U);
}

TEST_F(StuckLadderTest, OneWorkerAtATimeAndTheNextWhenItsSuccessorServes) {
  settings().stuck_request_interrupt = kModeOff;
  for (int i = 0; i < 3; ++i) AddWorker();
  Begin(0);
  Begin(1);
  EXPECT_THAT(After(60), ElementsAre(kReplace));
  EXPECT_THAT(After(4), IsEmpty());
  replacing_ = false;  // it has ended, nobody serves in its place yet
  sample_.in_flight.erase(sample_.in_flight.begin());
  sample_.workers[0].state = WorkerState::kStarting;
  EXPECT_THAT(After(1), IsEmpty());
  sample_.workers[0].state = WorkerState::kServing;
  sample_.workers[0].in_flight = 0;
  EXPECT_THAT(After(1), ElementsAre(kReplace));
  EXPECT_EQ(slot_, 1U);
}

TEST_F(StuckLadderTest, ASuccessorThatNeverServesHoldsTheLadderForHalfAMinute) {
  settings().stuck_request_interrupt = kModeOff;
  for (int i = 0; i < 3; ++i) AddWorker();
  Begin(0);
  Begin(1);
  After(60);
  replacing_ = false;
  sample_.workers[0].alive = false;
  sample_.in_flight.erase(sample_.in_flight.begin());
  EXPECT_THAT(After(1), IsEmpty());
  EXPECT_THAT(After(29.5), IsEmpty());
  EXPECT_THAT(After(1), ElementsAre(kReplace));
}

TEST_F(StuckLadderTest, AtMostSoManyAnHour) {
  settings().stuck_request_interrupt = kModeOff;
  settings().replacements_per_hour = 2;
  AddWorker();
  AddWorker();
  int replaced = 0;
  for (int round = 0; round < 10; ++round) {
    sample_.in_flight.clear();
    sample_.workers[0].in_flight = 0;
    Begin(0);
    for (const StuckStep step : After(60)) {
      if (step == kReplace) {
        ++replaced;
      } else {
        EXPECT_EQ(step, kForgoReplace);
        EXPECT_THAT(reason_, HasSubstr("2 workers were replaced in the last hour"));
      }
    }
    replacing_ = false;
  }
  EXPECT_EQ(replaced, 2);
  sample_.in_flight.clear();
  sample_.workers[0].in_flight = 0;
  After(3600);
  Begin(0);
  EXPECT_THAT(After(60), ElementsAre(kReplace));
}

TEST_F(StuckLadderTest, WithoutAMasterNobodyIsReplaced) {
  settings().stuck_request_interrupt = kModeOff;
  AddWorker().server_kind = ServerKind::kWaitress;
  AddWorker();
  Begin(0);
  EXPECT_THAT(After(60), ElementsAre(kForgoReplace));
  EXPECT_EQ(reason_, "waitress has no master that starts a new worker");
}

}  // namespace
}  // namespace stirbar
