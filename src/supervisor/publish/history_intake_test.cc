#include "supervisor/publish/history_intake.h"

#include <gtest/gtest.h>

#include "supervisor/publish/history_queue.h"

namespace stirbar {
namespace {

constexpr uint64_t kWall = 1'795'450'800'000'000'000;
constexpr uint64_t kSecond = 1'000'000'000;

class HistoryIntakeTest : public testing::Test {
 protected:
  HistoryIntakeTest() {
    sample_.app_started_wall_ns = 77;
    RouteSample route;
    route.id = 5;
    route.method = HttpMethod::kGet;
    route.rule = "/item";
    sample_.routes = {route};
  }

  // One tick later, `requests` of `ns` and `errors` of them have ended.
  HistoryBatch Tick(uint64_t requests, uint64_t ns = 3'000'000, uint64_t errors = 0,
                    uint64_t wall_step = kSecond) {
    sample_.tick.now_ns += kSecond;
    sample_.tick.wall_ns = sample_.tick.wall_ns == 0 ? kWall : sample_.tick.wall_ns + wall_step;
    sample_.tick.full = true;
    RouteSample& route = sample_.routes[0];
    route.requests += requests;
    route.totals.status[4] += errors;
    route.totals.duration_sum_ns += requests * ns;
    route.totals.histogram[HistogramBucket(ns)] += requests;
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->sample = sample_;
    snapshot->evaluation.metrics[MetricId::cpu_ratio] = 0.5;
    HistoryBatch batch;
    intake_.Take(snapshot, &batch);
    return batch;
  }

  static uint64_t RequestsOf(const HistorySecond& point) {
    std::array<HistogramCounts, kSpreads> spreads{};
    EXPECT_TRUE(AddPackedHistograms(point.histograms, spreads));
    uint64_t sum = 0;
    for (const uint64_t count : spreads[0]) sum += count;
    return sum;
  }

  HistoryIntake intake_;
  Sample sample_;
};

TEST_F(HistoryIntakeTest, ASecondHasItsOwnRequestsOnly) {
  EXPECT_EQ(RequestsOf(Tick(1000).points.at(0)), 0U) << "what had been counted before belongs to "
                                                        "no second";
  const HistoryBatch batch = Tick(7);
  EXPECT_EQ(RequestsOf(batch.points.at(0)), 7U);
  EXPECT_EQ(batch.points.at(0).time, 1'795'450'801);
  HistoryFigures figures;
  EXPECT_TRUE(AddPacked(batch.points.at(0).metrics, ColumnsOf(CurrentLayout()), 1, &figures));
  EXPECT_EQ(figures.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Mean(), 0.5);
}

TEST_F(HistoryIntakeTest, ASegmentThatBeganAnewGivesNoNegativeCounts) {
  Tick(1000);
  sample_.routes[0].totals.histogram.fill(0);
  sample_.routes[0].requests = 0;
  EXPECT_EQ(RequestsOf(Tick(4).points.at(0)), 0U);
  EXPECT_EQ(RequestsOf(Tick(4).points.at(0)), 4U);
}

TEST_F(HistoryIntakeTest, AMinuteOfARouteIsWrittenWhenItIsOver) {
  Tick(500);
  HistoryBatch last;
  for (int second = 1; second < 60; ++second) EXPECT_TRUE(Tick(2, 3'000'000, 1).routes.empty());
  last = Tick(2, 3'000'000, 1);
  ASSERT_EQ(last.routes.size(), 1U);
  EXPECT_EQ(last.routes[0].label, "GET /item");
  EXPECT_EQ(last.routes[0].time, 1'795'450'800);
  EXPECT_EQ(last.routes[0].requests, 120U);
  EXPECT_EQ(last.routes[0].errors, 60U);
  EXPECT_EQ(last.routes[0].nanoseconds, 120U * 3'000'000);
}

TEST_F(HistoryIntakeTest, ARouteWithoutRequestsIsLeftOut) {
  Tick(500);
  HistoryBatch last;
  for (int second = 0; second < 60; ++second) last = Tick(0);
  EXPECT_TRUE(last.routes.empty());
}

TEST_F(HistoryIntakeTest, EventsAreTakenOnceAndNamedByTheirSegment) {
  EventSample event;
  event.number = 0;  // the first of a segment
  event.kind = EventKind::kWorkerStarted;
  event.wall_ns = kWall;
  event.text = "worker 0 has started";
  sample_.events = {event};
  const HistoryBatch batch = Tick(0);
  ASSERT_EQ(batch.records.size(), 1U);
  EXPECT_EQ(batch.records[0].source, "77:0");
  EXPECT_EQ(batch.records[0].record.name, "worker_started");
  EXPECT_TRUE(Tick(0).records.empty());
}

TEST_F(HistoryIntakeTest, AClockThatWasSetIsARecord) {
  Tick(0);
  const HistoryBatch forward = Tick(0, 3'000'000, 0, 3600 * kSecond + kSecond);
  ASSERT_EQ(forward.records.size(), 1U);
  EXPECT_EQ(forward.records[0].record.name, "clock");
  EXPECT_NE(forward.records[0].record.text.find("3600 s forward"), std::string::npos);
  const HistoryBatch back = Tick(0, 3'000'000, 0, 0 - 7200 * kSecond + kSecond);
  ASSERT_EQ(back.records.size(), 1U);
  EXPECT_NE(back.records[0].record.text.find("7200 s back"), std::string::npos);
}

TEST(SecondOf, GivesEachTickASecondOfItsOwn) {
  int64_t previous = 0;
  // A tick every 1.0001 s, and a jitter of 0.2 s, from just before a second's end.
  for (uint64_t i = 0; i < 3000; ++i) {
    const uint64_t jitter = (i * 7919) % 200'000'000;
    const int64_t second = SecondOf(kWall + 900'000'000 + i * 1'000'100'000 + jitter, previous);
    if (previous != 0) {
      EXPECT_EQ(second, previous + 1) << i;
    }
    previous = second;
    if (testing::Test::HasFailure()) break;
  }
}

TEST(SecondOf, FollowsARealJump) {
  EXPECT_EQ(SecondOf(kWall, 1'795'450'000), 1'795'450'800);
  EXPECT_EQ(SecondOf(kWall, 1'795'460'000), 1'795'450'800);
}

TEST(HistoryQueue, TheOldestGoWhenThereAreTooMany) {
  HistoryBatch queue;
  for (int64_t i = 0; i < static_cast<int64_t>(kPointsQueued); ++i) {
    EXPECT_EQ(Append({{{i, "", ""}}, {}, {}}, &queue), 0U);
  }
  EXPECT_EQ(Append({{{-7, "", ""}}, {}, {}}, &queue), 1U);
  EXPECT_EQ(queue.points.size(), kPointsQueued);
  EXPECT_EQ(queue.points.front().time, 1);
  EXPECT_EQ(queue.points.back().time, -7);
}

}  // namespace
}  // namespace stirbar
