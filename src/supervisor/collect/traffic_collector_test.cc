#include "supervisor/collect/traffic_collector.h"

#include <gtest/gtest.h>

#include <cmath>

#include "segment/counters.h"
#include "segment/identity.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"
#include "supervisor/collect/segment_collector.h"

namespace stirbar {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint32_t kRoute = 5;

// Workers of this process, whose figures the test sets, and both collectors over them.
class Traffic {
 public:
  uint32_t AddWorker(uint32_t capacity) {
    const uint32_t index = *ClaimWorkerSlot(*segment_, *IdentityOf());
    slot(index).state = static_cast<uint32_t>(WorkerState::kServing);
    slot(index).admission.capacity = capacity;
    return index;
  }
  WorkerSlot& slot(uint32_t index) { return segment_->workers[index]; }
  Segment& segment() { return *segment_; }
  Sample& sample() { return sample_; }
  void Begin(uint32_t worker, uint32_t index, RequestPhase phase = RequestPhase::kHandling) {
    InFlight& request = slot(worker).in_flight[index];
    request.phase = static_cast<uint32_t>(phase);
    request.route = kRouteUnknown;
    request.queue_source = static_cast<uint32_t>(QueueSource::kSocket);
    request.limit_ns = 30 * kSecondNs;
    request.started_ns = now_ns_;
  }
  void End(uint32_t worker, uint64_t count, double queue_seconds = 0) {
    for (uint64_t i = 0; i < count; ++i) {
      Commit(slot(worker), {.route = kRoute,
                            .duration_ns = 1'000'000,
                            .queue_known = true,
                            .queue_ns = static_cast<uint64_t>(queue_seconds * 1e9)});
    }
  }
  const TrafficSample& Look(double seconds_later, bool full = true) {
    now_ns_ += static_cast<uint64_t>(seconds_later * 1e9);
    const Tick tick{now_ns_, now_ns_, full};
    segments_.Collect(tick, &sample_);
    traffic_.Collect(tick, &sample_);
    return sample_.traffic;
  }

 private:
  TestSegment segment_;
  SegmentCollector segments_{*segment_};
  TrafficCollector traffic_{*segment_};
  Sample sample_;
  uint64_t now_ns_ = 1'000'000 * kSecondNs;
};

TEST(TrafficCollector, CountsSlotsAndWhoWaits) {
  Traffic app;
  const uint32_t one = app.AddWorker(4);
  const uint32_t two = app.AddWorker(4);
  app.Begin(one, 0);
  app.Begin(one, 1);
  app.Begin(two, 0, RequestPhase::kStreaming);
  app.slot(one).admission.executor_depth = 3;
  app.sample().listeners.push_back({.address = "127.0.0.1:80", .depth = 7, .backlog = 100});
  const TrafficSample& traffic = app.Look(0);
  EXPECT_EQ(traffic.capacity, 8U);
  EXPECT_EQ(traffic.busy, 2U);
  EXPECT_EQ(traffic.streams, 1U);
  EXPECT_EQ(traffic.waiting, 10U);
  EXPECT_EQ(traffic.queue_sources.at("socket"), 3U);
}

TEST(TrafficCollector, ACapacityThatOneWorkerDoesNotKnowIsNotKnown) {
  Traffic app;
  app.AddWorker(4);
  app.AddWorker(0);
  EXPECT_EQ(app.Look(0).capacity, 0U);
}

TEST(TrafficCollector, RatesCoverTwoSeconds) {
  Traffic app;
  const uint32_t worker = app.AddWorker(1);
  app.Look(0);
  app.End(worker, 30);
  EXPECT_DOUBLE_EQ(app.Look(1).served_per_second, 30);
  app.End(worker, 10);
  CountRefused(app.slot(worker), kRoute, Criticality::kSheddable);
  EXPECT_DOUBLE_EQ(app.Look(1).served_per_second, 20);
  EXPECT_DOUBLE_EQ(app.Look(0).refused_per_second, 0.5);
  app.Look(1);
  app.Look(1);
  EXPECT_DOUBLE_EQ(app.Look(0).served_per_second, 0);
  EXPECT_EQ(app.Look(0).refused[static_cast<size_t>(Criticality::kSheddable)], 1U);
}

TEST(TrafficCollector, RatesAreRenewedBetweenFullTicksUnderLoadOnly) {
  Traffic app;
  const uint32_t worker = app.AddWorker(2);
  app.Look(0);
  app.End(worker, 10);
  EXPECT_DOUBLE_EQ(app.Look(0.25, false).served_per_second, 0);
  app.slot(worker).admission.executor_depth = 1;
  EXPECT_DOUBLE_EQ(app.Look(0.25, false).served_per_second, 20);
  app.slot(worker).admission.executor_depth = 0;
  app.End(worker, 10);
  EXPECT_DOUBLE_EQ(app.Look(0.25, false).served_per_second, 20);
  CountRefused(app.slot(worker), kRoute, Criticality::kNormal);
  EXPECT_DOUBLE_EQ(app.Look(0.25, false).served_per_second, 20);
  EXPECT_DOUBLE_EQ(app.Look(0, false).refused_per_second, 1);
}

TEST(TrafficCollector, QueueTimesAreOfTheLastMinute) {
  Traffic app;
  const uint32_t worker = app.AddWorker(1);
  app.End(worker, 1'000, 5);  // before this supervisor's time
  EXPECT_TRUE(std::isnan(app.Look(0).queue_p50_seconds));
  app.End(worker, 95, 0.01);
  app.End(worker, 5, 1);
  const TrafficSample& traffic = app.Look(1);
  EXPECT_NEAR(traffic.queue_p50_seconds, 0.01, 0.001);
  EXPECT_LE(traffic.queue_p95_seconds, 0.02);
  EXPECT_GE(traffic.queue_max_seconds, 1);
  EXPECT_LT(traffic.queue_max_seconds, 1.2);
  for (int i = 0; i < 71; ++i) app.Look(1);
  EXPECT_TRUE(std::isnan(app.sample().traffic.queue_p95_seconds));
}

TEST(TrafficCollector, TheDelayOfAWorkerThatNobodyAsksIsOld) {
  Traffic app;
  const uint32_t one = app.AddWorker(1);
  const uint32_t two = app.AddWorker(1);
  app.Look(0);
  app.slot(one).admission.queue_delay_ns = 3 * kSecondNs;
  app.slot(two).admission.queue_delay_ns = kSecondNs;
  app.End(one, 1);
  app.End(two, 1);
  EXPECT_DOUBLE_EQ(app.Look(1).queue_delay_seconds, 3);
  for (int i = 0; i < 4; ++i) {
    app.End(two, 1);
    app.Look(1);
  }
  EXPECT_DOUBLE_EQ(app.Look(0).queue_delay_seconds, 1);
  for (int i = 0; i < 4; ++i) app.Look(1);
  EXPECT_DOUBLE_EQ(app.Look(0).queue_delay_seconds, 0);
}

TEST(TrafficCollector, ShowsTheOrdersInForce) {
  Traffic app;
  app.segment().supervisor.shed_level = 2;
  app.segment().supervisor.backlog = 50;
  app.segment().supervisor.backlog_own = 2048;
  const TrafficSample& traffic = app.Look(0);
  EXPECT_EQ(traffic.shed_level, 2U);
  EXPECT_EQ(traffic.backlog, 50U);
  EXPECT_EQ(traffic.backlog_own, 2048U);
}

}  // namespace
}  // namespace stirbar
