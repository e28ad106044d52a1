#include "supervisor/mitigate/stuck_mitigator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "segment/events.h"
#include "segment/identity.h"
#include "segment/test_segment.h"
#include "supervisor/mitigate/test_actions.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Two gunicorn workers, the second one with a request past its limit; both rungs are on.
class StuckApp : public testing::Test {
 protected:
  StuckApp() {
    sample_.tick.now_ns = 10'000'000'000'000;
    sample_.settings.stuck_request_record = kModeOff;
    sample_.settings.stuck_request_interrupt = kModeOn;
    sample_.settings.stuck_request_replace = kModeOn;
    RouteSample route;
    route.id = 5;
    route.method = HttpMethod::kGet;
    route.rule = "/report";
    sample_.routes.push_back(route);
    for (const uint32_t slot : {0U, 1U}) {
      WorkerSample& worker = sample_.workers.emplace_back();
      worker.slot = slot;
      worker.pid = 4'000'000 + slot;
      worker.state = WorkerState::kServing;
      worker.server_kind = ServerKind::kGunicorn;
      evaluation_.assessment.workers.emplace_back();
    }
    InFlightSample& request = sample_.in_flight.emplace_back();
    request.slot = 1;
    request.pid = sample_.workers[1].pid;
    request.index = 7;
    request.route = 5;
    request.phase = RequestPhase::kHandling;
    request.started_ns = sample_.tick.now_ns - 30'000'000'000;
    request.limit_seconds = 30;
    segment_->workers[1].in_flight[7].started_ns = request.started_ns;
  }
  ~StuckApp() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      Await(child_);
    }
  }

  // Makes the second worker a process that `work` describes.
  void LiveAs(const std::function<void()>& work) {
    const Shared<std::atomic<int>> ready;
    child_ = RunInChild([&] {
      work();
      ready->store(1);
      for (;;) pause();
    });
    while (ready->load() == 0) usleep(100);
    const auto pid = static_cast<uint32_t>(child_);
    sample_.workers[1].pid = sample_.in_flight[0].pid = pid;
    segment_->workers[1].owner = *IdentityOf(pid);
  }
  // Waits, in real time, for the death of the child; its wait status.
  int Outcome() {
    const int status = Await(child_);
    child_ = 0;
    return status;
  }
  void Act(double seconds_later = 0) {
    sample_.tick.now_ns += static_cast<uint64_t>(seconds_later * 1e9);
    InFlightSample& request = sample_.in_flight[0];
    request.age_seconds = Seconds(AgeOf(request.started_ns, sample_.tick.now_ns));
    replacement_.Act(sample_, evaluation_);
    mitigator_.Act(sample_, evaluation_);
  }
  Directive& directive() { return segment_->workers[1].directive; }
  std::vector<EventRecord> Events() { return ReadEvents(*segment_, 100); }

  TestSegment segment_;
  DirectiveDesk desk_{*segment_};
  WorkerReplacement replacement_{*segment_};
  TestActions actions_;
  StuckMitigator mitigator_{{*segment_, desk_, replacement_, actions_}};
  Sample sample_;
  Evaluation evaluation_;
  pid_t child_ = 0;
};

TEST_F(StuckApp, InterruptsTheOneRequestAndSaysSo) {
  Act();
  EXPECT_EQ(directive().ordered.load(), 1U);
  EXPECT_EQ(directive().in_flight.load(), 7U);
  EXPECT_EQ(directive().started_ns.load(), sample_.in_flight[0].started_ns);
  directive().interrupted = 1;
  directive().done = 1;
  Act(0.25);
  EXPECT_EQ(segment_->workers[1].in_flight[7].stuck.load(), kStuckInterrupted);
  const auto events = Events();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].fields.kind, EventKind::kRequestInterrupted);
  EXPECT_EQ(events[0].fields.route, 5U);
  EXPECT_NEAR(events[0].fields.value, 30.25, 1e-6);
  EXPECT_THAT(events[0].text,
              HasSubstr("GET /report interrupted after 30.2 s, limit 30.0 s, in worker 1 (pid"));
  Act(1);
  EXPECT_EQ(directive().ordered.load(), 1U);
}

TEST_F(StuckApp, ARequestThatEndedByItselfIsNoEvent) {
  Act();
  directive().done = 1;
  Act(0.25);
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(StuckApp, WaitsWhileTheWorkerIsAtAnotherOrder) {
  ASSERT_TRUE(desk_.AskCleanup(sample_.workers[1], {}, 0).has_value());
  Act();
  EXPECT_EQ(directive().ordered.load(), 1U);
  directive().done = 1;
  Act(0.25);
  EXPECT_EQ(directive().ordered.load(), 2U);
}

TEST_F(StuckApp, AnUnansweredOrderIsNotedAfterASecondAndTheLadderGoesOn) {
  LiveAs([] {});
  Act();
  Act(0.75);
  EXPECT_THAT(Events(), IsEmpty());
  Act(0.25);
  ASSERT_THAT(Events(), SizeIs(1));
  EXPECT_THAT(Events()[0].text, HasSubstr("cannot be interrupted: worker 1 (pid"));
  Act(1);
  EXPECT_THAT(Events(), SizeIs(1));
  Act(28);  // 30 s after the limit
  EXPECT_TRUE(WIFSIGNALED(Outcome()));
}

TEST_F(StuckApp, ReplacesByASigtermThatTheWorkerHeeds) {
  LiveAs([] { std::signal(SIGTERM, [](int) { _exit(3); }); });
  sample_.settings.stuck_request_interrupt = kModeOff;
  Act(30);
  const int status = Outcome();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
  Act(0.25);
  const auto events = Events();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].fields.kind, EventKind::kWorkerReplaced);
  EXPECT_NEAR(events[0].fields.value, 30, 1e-6);
  EXPECT_THAT(events[0].text,
              HasSubstr("replaced: GET /report ran for 60.0 s, limit 30.0 s; it left at SIGTERM"));
}

TEST_F(StuckApp, KillsAfterFiveSecondsWhatDoesNotLeave) {
  LiveAs([] { std::signal(SIGTERM, SIG_IGN); });
  sample_.settings.stuck_request_interrupt = kModeOff;
  Act(30);
  Act(4.75);
  EXPECT_TRUE(IsRunning(segment_->workers[1].owner));
  Act(0.25);
  const int status = Outcome();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  Act(0.25);
  ASSERT_THAT(Events(), SizeIs(1));
  EXPECT_THAT(Events()[0].text, HasSubstr("; SIGKILL, 5 s after SIGTERM"));
}

TEST_F(StuckApp, NeverSignalsAnotherProcessOfTheSamePid) {
  LiveAs([] {});
  // The pid is the child's, the start time is not: as if it had been used again.
  segment_->workers[1].owner = MakeIdentity(static_cast<uint32_t>(child_), 1);
  sample_.settings.stuck_request_interrupt = kModeOff;
  Act(30);
  Act(6);
  EXPECT_EQ(kill(child_, 0), 0);
  int status = 0;
  EXPECT_EQ(waitpid(child_, &status, WNOHANG), 0);
}

TEST_F(StuckApp, WhatIsWithheldIsSaidInWords) {
  sample_.settings.observe_only = 1;
  Act();
  Act(30);
  const auto events = Events();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].fields.kind, EventKind::kActionWithheld);
  EXPECT_STREQ(events[0].text,
               "would interrupt GET /report (30.0 s, limit 30.0 s) in worker 1 (pid 4000001): "
               "observe_only is on");
  EXPECT_STREQ(events[1].text,
               "would replace worker 1 (pid 4000001) for GET /report (60.0 s, limit 30.0 s): "
               "observe_only is on");
  EXPECT_EQ(directive().ordered.load(), 0U);
}

}  // namespace
}  // namespace stirbar
