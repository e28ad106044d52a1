#include "supervisor/publish/slow_request_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segment/published.h"
#include "segment/test_segment.h"
#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Told {
 public:
  explicit Told(const Segment& segment)
      : log_(segment, [this](Severity severity, const std::string& text) {
          severity_ = severity;
          lines_.push_back(text);
        }) {}

  std::vector<std::string> Turn(std::vector<SlowRequestSample> requests, bool full = true) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->sample.tick.full = full;
    snapshot->sample.slow_requests = std::move(requests);
    lines_.clear();
    log_.Publish(snapshot);
    return lines_;
  }
  Severity severity() const { return severity_; }

 private:
  Severity severity_ = Severity::kCritical;
  std::vector<std::string> lines_;
  SlowRequestLog log_;
};

TEST(SlowRequestLog, TellsEachOnce) {
  const TestSegment segment;
  Told log(*segment);
  const SlowRequestSample one = MakeSlowRequest(1);
  const SlowRequestSample two = MakeSlowRequest(2);
  EXPECT_THAT(log.Turn({one}), SizeIs(1));
  EXPECT_THAT(log.Turn({one}), IsEmpty());
  EXPECT_THAT(log.Turn({one, two}, false), IsEmpty());  // at the next full tick
  EXPECT_THAT(log.Turn({one, two}), SizeIs(1));
  EXPECT_THAT(log.Turn({two}), IsEmpty());
}

TEST(SlowRequestLog, AStuckOneIsToldWhileItRunsAndWhenItHasEnded) {
  const TestSegment segment;
  Told log(*segment);
  SlowRequestSample request = MakeSlowRequest(1);
  request.running = true;
  request.status = 0;
  auto lines = log.Turn({request});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr(R"("event":"request_stuck")"));
  EXPECT_THAT(lines[0], HasSubstr(R"("status":null)"));
  EXPECT_THAT(log.Turn({request}), IsEmpty());
  request.running = false;
  lines = log.Turn({request});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr(R"("event":"request_slow")"));
  EXPECT_EQ(log.severity(), Severity::kWarning);
}

TEST(SlowRequestLog, TheSlowestOfAMinuteIsNoWarning) {
  const TestSegment segment;
  Told log(*segment);
  SlowRequestSample request = MakeSlowRequest(1);
  request.slow = false;
  const auto lines = log.Turn({request});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr(R"("event":"request_slowest")"));
  EXPECT_EQ(log.severity(), Severity::kInfo);
}

TEST(SlowRequestLog, ASecondSupervisorTellsOnlyWhatTheFirstHasNotSeen) {
  const TestSegment segment;
  HistoryValues point{};
  point.wall_ms = kTestWallNs / 1'000'000;
  AppendHistory(*segment, point);
  Told log(*segment);
  const SlowRequestSample before = MakeSlowRequest(1);
  SlowRequestSample between = MakeSlowRequest(2);
  between.wall_ns += 500'000'000;  // while there was no supervisor
  EXPECT_THAT(log.Turn({before, between}), SizeIs(1));
  EXPECT_THAT(log.Turn({before, between}), IsEmpty());
}

TEST(SlowRequestLine, IsOneJsonObjectOfBoundedSize) {
  SlowRequestSample request = MakeSlowRequest(1);
  request.route = "GET /\n\x1b[2J" + std::string(10'000, 'x');
  request.statements.assign(3, {"SELECT\n" + std::string(10'000, '\x01'), 1, 1});
  request.stack.assign(500, {std::string(10'000, '"'), "a.py", 7});
  const std::string line = SlowRequestLine(request);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_LT(line.size(), 16'384U);
  const boost::json::value made = boost::json::parse(line);
  EXPECT_EQ(made.at("stack").as_array().size(), kFramesLogged);
}

TEST(SlowRequestLine, SaysWhereTheTimeWent) {
  const boost::json::value made = boost::json::parse(SlowRequestLine(MakeSlowRequest(1)));
  EXPECT_EQ(made.at("worker").as_int64(), 1);
  EXPECT_EQ(made.at("pid").as_int64(), 4712);
  EXPECT_NEAR(made.at("parts").at("sql").as_double(), 5.1, 1e-9);
  EXPECT_EQ(made.at("stack").at(0).as_string(), "Cursor.execute (/srv/shop/db.py:41)");
  EXPECT_EQ(made.at("lock_holder").as_int64(), 4712);
}

}  // namespace
}  // namespace stirbar
