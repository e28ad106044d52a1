#include "supervisor/audit_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stirbar {
namespace {

class Kept : public RecordSink {
 public:
  void Record(const HistoryRecord& record) override { all.push_back(record); }
  std::vector<HistoryRecord> all;
};

class AuditLogTest : public ::testing::Test {
 protected:
  void Tell(Severity severity, RecordKind kind = RecordKind::kAccess) {
    HistoryRecord record;
    record.kind = kind;
    record.severity = severity;
    record.name = "/login";
    record.actor = "192.0.2.1";
    record.text = "a login was refused";
    audit_.Record(record);
  }

  Kept history_;
  std::vector<std::string> lines_;
  uint64_t now_ns_ = 1;
  AuditLog audit_{history_, [this](Severity, const std::string& line) { lines_.push_back(line); },
                  [this] { return now_ns_; }};
};

TEST_F(AuditLogTest, TellsWhoCameInAndWhoWasRefused) {
  Tell(Severity::kInfo);
  Tell(Severity::kWarning);
  ASSERT_EQ(lines_.size(), 2U);
  EXPECT_EQ(lines_[1], "/login: a login was refused, from 192.0.2.1");
  EXPECT_EQ(history_.all.size(), 2U);
}

TEST_F(AuditLogTest, PassesOnWhatIsNotAccessWithoutALine) {
  Tell(Severity::kWarning, RecordKind::kSetting);
  EXPECT_TRUE(lines_.empty());
  EXPECT_EQ(history_.all.size(), 1U);
}

TEST_F(AuditLogTest, WhoGuessesDoesNotFillTheLog) {
  for (int i = 0; i < 1000; ++i) Tell(Severity::kWarning);
  EXPECT_EQ(lines_.size(), kAuditPerMinute);
  Tell(Severity::kInfo);  // a login is told all the same
  EXPECT_EQ(lines_.size(), kAuditPerMinute + 1);
  now_ns_ += 61'000'000'000;
  Tell(Severity::kWarning);
  ASSERT_EQ(lines_.size(), kAuditPerMinute + 3);
  EXPECT_EQ(lines_[kAuditPerMinute + 1], "970 more refusals within a minute");
}

}  // namespace
}  // namespace stirbar
