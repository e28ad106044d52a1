#include "supervisor/mitigate/cleanup_mitigator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segment/events.h"
#include "segment/test_segment.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

// Two workers under a memory that is short, the second one the larger.
class ShortOfMemory {
 public:
  ShortOfMemory() {
    for (const uint32_t slot : {0U, 1U}) {
      segment_->workers[slot].incarnation = slot + 1;
      WorkerSample worker;
      worker.slot = slot;
      worker.pid = 100 + slot;
      worker.incarnation = slot + 1;
      worker.state = WorkerState::kServing;
      worker.process.rss_bytes = (slot + 1) * 100'000'000;
      snapshot_.sample.workers.push_back(worker);
      snapshot_.evaluation.assessment.workers.emplace_back().slot = slot;
    }
    snapshot_.sample.tick.now_ns = 1'000'000'000'000;
    SetShort(true);
  }

  Segment& segment() { return *segment_; }
  Sample& sample() { return snapshot_.sample; }
  WorkerVerdict& verdict(size_t index) { return snapshot_.evaluation.assessment.workers[index]; }
  Directive& directive(uint32_t slot) { return segment_->workers[slot].directive; }
  uint64_t Ordered() { return directive(0).ordered + directive(1).ordered; }
  void SetShort(bool is_short) {
    auto& findings = snapshot_.evaluation.assessment.findings;
    findings.clear();
    if (is_short) findings.emplace_back().rule = "memory";
  }
  void Act(double seconds_later = 0) {
    sample().tick.now_ns += static_cast<uint64_t>(seconds_later * 1e9);
    mitigator_.Act(snapshot_.sample, snapshot_.evaluation);
  }
  void Answer(uint32_t slot, uint64_t reclaimed_bytes) {
    directive(slot).reclaimed_bytes = reclaimed_bytes;
    directive(slot).duration_ns = 25'000'000;
    directive(slot).done = directive(slot).ordered.load();
  }
  std::string LastEvent() {
    const auto events = ReadEvents(*segment_, 1);
    return events.empty() ? "" : events.back().text;
  }

 private:
  const TestSegment segment_;
  DirectiveDesk desk_{*segment_};
  CleanupMitigator mitigator_{*segment_, desk_};
  Snapshot snapshot_;
};

TEST(CleanupMitigator, AsksTheLargestWorkerOnce) {
  ShortOfMemory app;
  app.Act();
  EXPECT_EQ(app.directive(1).ordered.load(), 1U);
  EXPECT_EQ(app.directive(1).kind.load(), static_cast<uint32_t>(DirectiveKind::kCleanup));
  EXPECT_EQ(app.directive(0).ordered.load(), 0U);
  app.Act(1);
  app.Act(1);
  EXPECT_EQ(app.Ordered(), 1U);
}

TEST(CleanupMitigator, NotesWhatCameOfItAndWaits) {
  ShortOfMemory app;
  app.Act();
  app.Answer(1, 50'000'000);
  app.Act(1);
  EXPECT_THAT(app.LastEvent(), HasSubstr("50.0 MB given back of 200.0 MB in 25 ms; next in 30 s"));
  app.Act(29);
  EXPECT_EQ(app.Ordered(), 1U);
  app.Act(2);
  EXPECT_EQ(app.Ordered(), 2U);
}

TEST(CleanupMitigator, OneThatDoesNotHelpIsTriedLessOften) {
  ShortOfMemory app;
  std::vector<double> pauses;
  for (int i = 0; i < 7; ++i) {
    double pause = 0;
    for (const uint64_t before = app.Ordered(); app.Ordered() == before; pause += 1) app.Act(1);
    pauses.push_back(pause);
    app.Answer(1, 1'000'000);  // half a percent
  }
  EXPECT_NEAR(pauses[1], 60, 2);
  EXPECT_NEAR(pauses[2], 120, 2);
  EXPECT_NEAR(pauses[3], 240, 2);
  EXPECT_NEAR(pauses[5], 600, 2);
  EXPECT_NEAR(pauses[6], 600, 2);
}

TEST(CleanupMitigator, DoesNothingWithoutNeedOrWhenSwitchedOff) {
  ShortOfMemory app;
  app.SetShort(false);
  app.Act();
  app.SetShort(true);
  app.sample().settings.cleanup_enabled = 0;
  app.Act(1);
  EXPECT_EQ(app.Ordered(), 0U);
}

TEST(CleanupMitigator, AsksNobodyWhoCannotAnswer) {
  ShortOfMemory app;
  app.verdict(1).hung = true;
  app.sample().workers[0].lock_probe = LockProbe::kUnavailable;
  app.Act();
  EXPECT_EQ(app.Ordered(), 0U);
  app.sample().workers[0].lock_probe = LockProbe::kRunning;
  app.sample().workers[0].alive = false;
  app.Act(1);
  app.sample().workers[0].alive = true;
  app.sample().workers[0].state = WorkerState::kExiting;
  app.Act(1);
  EXPECT_EQ(app.Ordered(), 0U);
  app.sample().workers[0].state = WorkerState::kServing;
  app.Act(1);
  EXPECT_EQ(app.directive(0).ordered.load(), 1U);
}

TEST(CleanupMitigator, AWorkerThatDoesNotAnswerIsGivenUp) {
  ShortOfMemory app;
  app.Act();
  app.Act(29);
  EXPECT_EQ(app.LastEvent(), "");
  app.Act(2);
  EXPECT_THAT(app.LastEvent(), HasSubstr("no answer"));
}

TEST(CleanupMitigator, AWorkerThatDiesLeavesTheNextOneFree) {
  ShortOfMemory app;
  app.Act();
  app.segment().workers[1].incarnation = 9;  // another worker lives in the slot
  app.segment().workers[1].directive.ordered = 0;
  app.sample().workers[1].incarnation = 9;
  app.Act(1);
  EXPECT_EQ(app.directive(1).ordered.load(), 1U);
}

}  // namespace
}  // namespace stirbar
