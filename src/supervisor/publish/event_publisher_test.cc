#include "supervisor/publish/event_publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segment/events.h"
#include "segment/test_segment.h"

namespace stirbar {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Published {
 public:
  std::shared_ptr<Snapshot> snapshot = std::make_shared<Snapshot>();

  Published() { snapshot->sample.tick = {.now_ns = 1'000'000'000'000, .wall_ns = 1, .full = true}; }
  Assessment& assessment() { return snapshot->evaluation.assessment; }
  void Find(Status severity, const std::string& message, std::optional<uint32_t> slot = {}) {
    Finding& finding = assessment().findings.emplace_back();
    finding.rule = "lock_wait";
    finding.severity = severity;
    finding.slot = slot;
    finding.message = message;
  }
  // The log lines of one turn.
  std::vector<std::string> Turn(double seconds_later = 1) {
    snapshot->sample.tick.now_ns += static_cast<uint64_t>(seconds_later * 1e9);
    lines_.clear();
    publisher_.Publish(snapshot);
    return lines_;
  }
  std::vector<EventRecord> Events() const { return ReadEvents(*segment_, 100); }

 private:
  const TestSegment segment_;
  std::vector<std::string> lines_;
  EventPublisher publisher_{*segment_,
                            [this](Severity, const std::string& text) { lines_.push_back(text); }};
};

TEST(EventPublisher, AFindingIsToldWhenItComesAndWhenItGoes) {
  Published app;
  EXPECT_THAT(app.Turn(), IsEmpty());
  app.Find(Status::kWarning, "waited 0.3 s", 2);
  EXPECT_THAT(app.Turn(), ElementsAre("lock_wait: waited 0.3 s"));
  EXPECT_THAT(app.Turn(), IsEmpty());
  app.assessment().findings.clear();
  EXPECT_THAT(app.Turn(), ElementsAre(AllOf(StartsWith("over"), HasSubstr("waited 0.3 s"))));
  EXPECT_THAT(app.Turn(), IsEmpty());
  const auto events = app.Events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].fields.kind, EventKind::kAlertFiring);
  EXPECT_EQ(events[0].fields.severity, Severity::kWarning);
  EXPECT_EQ(events[0].fields.slot, 2U);
  EXPECT_EQ(events[1].fields.kind, EventKind::kAlertResolved);
  EXPECT_EQ(events[1].fields.slot, 2U);
}

TEST(EventPublisher, AWorseOneIsToldAgainAndOtherWorkersAreOthers) {
  Published app;
  app.Find(Status::kWarning, "one", 1);
  app.Find(Status::kWarning, "two", 2);
  EXPECT_EQ(app.Turn().size(), 2U);
  app.assessment().findings[0].severity = Status::kCritical;
  EXPECT_THAT(app.Turn(), ElementsAre("lock_wait: one"));
  EXPECT_EQ(app.Events().back().fields.severity, Severity::kCritical);
  app.assessment().findings.pop_back();
  EXPECT_THAT(app.Turn(), ElementsAre(AllOf(StartsWith("over"), HasSubstr("two"))));
}

TEST(EventPublisher, AStatusIsToldWithItsReason) {
  Published app;
  app.assessment().status = Status::kCritical;
  app.assessment().reasons = {"worker 1 is hung", "and more"};
  EXPECT_THAT(app.Turn(), ElementsAre("status healthy -> critical: worker 1 is hung"));
  app.assessment() = {};
  EXPECT_THAT(app.Turn(), ElementsAre("status critical -> healthy"));
  EXPECT_EQ(app.Events().size(), 2U);
  EXPECT_EQ(app.Events()[0].fields.kind, EventKind::kStatusChanged);
}

TEST(EventPublisher, TheFiguresComeEveryInterval) {
  Published app;
  app.snapshot->sample.settings.monitoring_interval = 10;
  size_t lines = 0;
  for (int second = 0; second < 35; ++second) lines += app.Turn(1).size();
  EXPECT_EQ(lines, 3U);
  app.snapshot->evaluation.resources.memory_usage_percent = 41.25;
  app.snapshot->sample.tick.full = false;
  EXPECT_THAT(app.Turn(20), IsEmpty());
  app.snapshot->sample.tick.full = true;
  EXPECT_THAT(app.Turn(1), ElementsAre(HasSubstr("memory 41.2 % (app -), cpu -, disk -")));
}

}  // namespace
}  // namespace stirbar
