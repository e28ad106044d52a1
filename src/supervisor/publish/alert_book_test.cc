#include "supervisor/publish/alert_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/publish/alert_fields.h"

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A clock turned by hand, and what is found at it.
class AlertBookTest : public testing::Test {
 protected:
  static Finding Make(const std::string& rule, Status severity = Status::kWarning,
                      const std::string& component = "memory") {
    Finding finding;
    finding.rule = rule;
    finding.component = component;
    finding.severity = severity;
    finding.message = rule + " is bad";
    return finding;
  }

  uint64_t Now() const { return 1'800'000'000'000'000'000 + static_cast<uint64_t>(now_ * 1e9); }

  // What is told when `findings` are there from the moment on that is `seconds` from now, a look
  // each second: "firing memory", and a '|' between two messages.
  std::vector<std::string> After(double seconds) {
    std::vector<std::string> told;
    for (const double end = now_ + seconds; now_ < end; now_ += 1) {
      for (const std::string& text : Look()) told.push_back(text);
    }
    return told;
  }

  std::vector<std::string> Look() {
    Assessment assessment;
    assessment.findings = findings_;
    assessment.pending = pending_;
    for (const AlertChange& change : book_.Observe(assessment, settings_, Now())) {
      changes_.push_back(change.kind);
    }
    std::vector<std::string> told;
    for (const AlertNotice& notice : book_.TakeDue(settings_, Now())) {
      std::string text;
      for (const AlertNews& news : notice.news) {
        text +=
            (text.empty() ? "" : ", ") + std::string(Name(news.kind)) + " " + KeyOf(news.finding);
      }
      told.push_back(text);
      newest_ = notice;
    }
    return told;
  }

  Settings settings_;
  AlertBook book_;
  std::vector<Finding> findings_;
  std::vector<Finding> pending_;
  std::vector<AlertChangeKind> changes_;
  AlertNotice newest_;
  double now_ = 0;
};

TEST_F(AlertBookTest, IsToldAfterGroupWaitAndOnce) {
  EXPECT_THAT(After(5), IsEmpty());
  findings_ = {Make("memory")};
  EXPECT_THAT(After(10), IsEmpty());
  EXPECT_THAT(After(1), ElementsAre("firing memory"));
  EXPECT_EQ(newest_.group, "memory");
  EXPECT_EQ(newest_.firing, 1U);
  EXPECT_THAT(After(3600), IsEmpty());
  EXPECT_THAT(changes_, ElementsAre(AlertChangeKind::kFired));
}

TEST_F(AlertBookTest, OneCauseMakesOneMessageOfAComponent) {
  findings_ = {Make("memory")};
  After(4);
  findings_ = {Make("memory"), Make("swap"), Make("cpu", Status::kWarning, "cpu")};
  EXPECT_THAT(After(8), ElementsAre("firing memory, firing swap"));
  EXPECT_THAT(After(8), ElementsAre("firing cpu"));
}

TEST_F(AlertBookTest, FurtherNewsWaitsForTheGroupIntervalButWhatIsCriticalDoesNot) {
  findings_ = {Make("memory")};
  EXPECT_THAT(After(11), SizeIs(1));
  findings_ = {Make("memory"), Make("swap")};
  EXPECT_THAT(After(289), IsEmpty());
  EXPECT_THAT(After(15), ElementsAre("firing swap"));
  findings_ = {Make("memory", Status::kCritical), Make("swap")};
  EXPECT_THAT(After(10), IsEmpty());
  EXPECT_THAT(After(1), ElementsAre("severity memory"));
}

TEST_F(AlertBookTest, ItsEndIsTold) {
  findings_ = {Make("memory")};
  After(11);
  const std::string id = newest_.news[0].id;
  findings_.clear();
  EXPECT_THAT(After(289), IsEmpty());
  EXPECT_THAT(After(15), ElementsAre("resolved memory"));
  EXPECT_EQ(newest_.news[0].id, id);
  EXPECT_GT(newest_.news[0].resolved_wall_ns, newest_.news[0].fired_wall_ns);
  EXPECT_EQ(newest_.firing, 0U);
  EXPECT_THAT(book_.resolved(), SizeIs(1));
}

TEST_F(AlertBookTest, OverAndBackBeforeTheNextMessageIsNoNews) {
  findings_ = {Make("memory")};
  After(11);
  const std::string id = newest_.news[0].id;
  findings_.clear();
  After(20);
  findings_ = {Make("memory")};
  EXPECT_THAT(After(600), IsEmpty());
  findings_.clear();
  EXPECT_THAT(After(300), ElementsAre("resolved memory"));
  EXPECT_EQ(newest_.news[0].id, id);
}

TEST_F(AlertBookTest, ABriefOneIsToldOnceAsResolved) {
  findings_ = {Make("memory")};
  After(3);
  findings_.clear();
  EXPECT_THAT(After(600), ElementsAre("resolved memory"));
}

TEST_F(AlertBookTest, RepeatsUntilAcknowledgedAndAgainWhenItGetsWorse) {
  settings_.alert_repeat_interval = 600;
  findings_ = {Make("memory")};
  After(11);
  EXPECT_THAT(After(600), ElementsAre("repeat memory"));
  ASSERT_TRUE(book_.Acknowledge("memory", "operator", "on it", Now()));
  EXPECT_THAT(After(3000), IsEmpty());
  findings_ = {Make("memory", Status::kCritical)};
  EXPECT_THAT(After(12), ElementsAre("severity memory"));
  EXPECT_TRUE(book_.FindFiring("memory")->acknowledged_by.empty());
  EXPECT_THAT(After(600), ElementsAre("repeat memory"));
  EXPECT_FALSE(book_.Acknowledge("swap", "operator", "", Now()));
}

TEST_F(AlertBookTest, ASilenceKeepsQuietUntilItEnds) {
  Silence silence;
  silence.matchers = {*ParseMatcher("rule=mem*")};
  silence.start_wall_ns = Now();
  silence.end_wall_ns = Now() + 100'000'000'000;
  ASSERT_TRUE(book_.AddSilence(silence, Now()));
  findings_ = {Make("memory"), Make("swap")};
  EXPECT_THAT(After(50), ElementsAre("firing swap"));
  EXPECT_THAT(After(50), IsEmpty());
  // The silence is over; the group has its interval to wait.
  EXPECT_THAT(After(300), ElementsAre("firing memory"));
}

TEST_F(AlertBookTest, WhatCameAndWentUnderASilenceIsNeverTold) {
  Silence silence;
  silence.matchers = {*ParseMatcher("component=memory")};
  silence.start_wall_ns = Now();
  silence.end_wall_ns = Now() + 100'000'000'000;
  const Result<Silence> added = book_.AddSilence(silence, Now());
  findings_ = {Make("memory")};
  After(30);
  findings_.clear();
  After(30);
  ASSERT_TRUE(book_.ExpireSilence(added->id, Now()));
  EXPECT_FALSE(book_.ExpireSilence(added->id, Now()));
  EXPECT_THAT(After(1000), IsEmpty());
}

TEST_F(AlertBookTest, TheEndOfAToldAlertIsToldUnderASilenceToo) {
  findings_ = {Make("memory")};
  After(11);
  Silence silence;
  silence.matchers = {*ParseMatcher("rule=memory")};
  silence.start_wall_ns = Now();
  silence.end_wall_ns = Now() + 10'000'000'000'000;
  ASSERT_TRUE(book_.AddSilence(silence, Now()));
  findings_.clear();
  EXPECT_THAT(After(320), ElementsAre("resolved memory"));
}

TEST_F(AlertBookTest, FlappingIsToldOnceAndThenWhatHolds) {
  settings_.alert_group_interval = 1;
  settings_.alert_group_wait = 0;
  std::vector<std::string> told;
  for (int i = 0; i < 20; ++i) {
    findings_ = i % 2 == 0 ? std::vector<Finding>{Make("memory")} : std::vector<Finding>{};
    for (const std::string& text : After(20)) told.push_back(text);
  }
  EXPECT_THAT(told, ElementsAre("firing memory", "resolved memory", "firing memory",
                                "resolved memory", "firing memory", "flapping memory"));
  // It ended resolved; when the window has emptied to a third, that is told.
  EXPECT_THAT(After(500), IsEmpty());
  EXPECT_THAT(After(200), ElementsAre("resolved memory"));
  EXPECT_THAT(After(2000), IsEmpty());
}

TEST_F(AlertBookTest, AfterFlappingWhatFiresIsTold) {
  settings_.alert_group_interval = 1;
  settings_.alert_group_wait = 0;
  for (int i = 0; i < 11; ++i) {
    findings_ = i % 2 == 0 ? std::vector<Finding>{Make("memory")} : std::vector<Finding>{};
    After(20);
  }
  EXPECT_TRUE(book_.FindFiring("memory")->flapping);
  EXPECT_THAT(After(700), ElementsAre("firing memory"));
}

TEST_F(AlertBookTest, PendingIsShownAndNotTold) {
  pending_ = {Make("cpu")};
  EXPECT_THAT(After(60), IsEmpty());
  EXPECT_THAT(book_.pending(), SizeIs(1));
  EXPECT_THAT(book_.alerts(), IsEmpty());
}

TEST_F(AlertBookTest, WorkersOfOneRuleAreAlertsOfTheirOwn) {
  findings_ = {Make("lock_wait"), Make("lock_wait")};
  findings_[0].slot = 0;
  findings_[1].slot = 1;
  EXPECT_THAT(After(11), ElementsAre("firing lock_wait/0, firing lock_wait/1"));
}

// What is kept on disk is enough to go on as if nothing had been.
TEST_F(AlertBookTest, ARestartForgetsNothing) {
  findings_ = {Make("memory")};
  After(11);
  ASSERT_TRUE(book_.Acknowledge("memory", "operator", "on it", Now()));
  Silence silence;
  silence.matchers = {*ParseMatcher("worker!=")};
  silence.end_wall_ns = Now() + 1'000'000'000'000;
  ASSERT_TRUE(book_.AddSilence(silence, Now()));
  const boost::json::object state = book_.Save();

  book_ = AlertBook();
  book_.Restore(state, Now());
  EXPECT_EQ(book_.Save(), state);
  // The rules count anew: first there is nothing, then it is pending, then it fires again.
  findings_.clear();
  EXPECT_THAT(After(10), IsEmpty());
  pending_ = {Make("memory")};
  EXPECT_THAT(After(200), IsEmpty());
  pending_.clear();
  findings_ = {Make("memory")};
  EXPECT_THAT(After(600), IsEmpty());
  EXPECT_EQ(book_.FindFiring("memory")->acknowledged_by, "operator");
  EXPECT_THAT(book_.silences(), SizeIs(1));
  findings_.clear();
  EXPECT_THAT(After(300), ElementsAre("resolved memory"));
}

TEST_F(AlertBookTest, WhatIsOverAfterARestartIsResolved) {
  findings_ = {Make("memory")};
  After(11);
  const boost::json::object state = book_.Save();
  book_ = AlertBook();
  book_.Restore(state, Now());
  findings_.clear();
  EXPECT_THAT(After(14), IsEmpty());
  EXPECT_THAT(After(300), ElementsAre("resolved memory"));
}

TEST_F(AlertBookTest, AClockThatIsSetBackLosesNothing) {
  findings_ = {Make("memory")};
  After(11);
  now_ -= 7200;
  findings_.clear();
  EXPECT_THAT(After(7600), ElementsAre("resolved memory"));
}

TEST(Silence, Matchers) {
  Finding finding;
  finding.rule = "pool_wait";
  finding.component = "database";
  const auto matches = [&](const char* text) { return Matches(*ParseMatcher(text), finding); };
  EXPECT_TRUE(matches("rule=pool_wait"));
  EXPECT_TRUE(matches("rule=pool*"));
  EXPECT_TRUE(matches("rule=*wait"));
  EXPECT_TRUE(matches("rule=p*l*t"));
  EXPECT_FALSE(matches("rule=pool"));
  EXPECT_FALSE(matches("rule!=pool*"));
  EXPECT_TRUE(matches("component!=memory"));
  EXPECT_TRUE(matches("worker="));
  EXPECT_FALSE(matches("worker=3"));
  finding.slot = 3;
  EXPECT_TRUE(matches("worker=3"));
  EXPECT_TRUE(matches("worker=*"));
  EXPECT_EQ(TextOf(*ParseMatcher("worker!=3")), "worker!=3");
  for (const char* wrong :
       {"", "=", "rule", "rule=", "severity=critical", "rule= x", "!=x", "rule=a\nb"}) {
    EXPECT_FALSE(ParseMatcher(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace stirbar
