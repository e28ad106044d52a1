#include "supervisor/collect/segment_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "segment/config.h"
#include "segment/counters.h"
#include "segment/events.h"
#include "segment/identity.h"
#include "segment/routes.h"
#include "segment/shared_words.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

constexpr ProcessIdentity kNobody = MakeIdentity(4'000'000, 7);
constexpr uint64_t kSecondNs = 1'000'000'000;

// A segment, its collector, and a clock that the test moves.
class Collection {
 public:
  Collection() : collector_(std::make_unique<SegmentCollector>(*segment_)) {}

  Segment& segment() { return *segment_; }
  WorkerSlot& slot(uint32_t index) { return segment_->workers[index]; }
  const Sample& sample() const { return sample_; }

  // A worker that lives as long as the test: this process.
  uint32_t AddWorker() { return *ClaimWorkerSlot(*segment_, *IdentityOf()); }
  uint32_t AddDeadWorker() { return *ClaimWorkerSlot(*segment_, kNobody); }
  uint32_t AddRoute(std::string_view rule) {
    return InternRoute(*segment_, HttpMethod::kGet, rule);
  }
  void Count(uint32_t slot_index, uint32_t route, uint64_t times, uint32_t status_class = 1) {
    for (uint64_t i = 0; i < times; ++i) {
      Commit(slot(slot_index),
             {.route = route, .status_class = status_class, .duration_ns = 2'000'000});
    }
  }
  void Begin(uint32_t slot_index, uint32_t index, uint32_t route, double age_seconds) {
    InFlight& request = slot(slot_index).in_flight[index];
    request.route = route;
    request.thread = 77;
    request.method = static_cast<uint32_t>(HttpMethod::kPost);
    request.phase = static_cast<uint32_t>(RequestPhase::kHandling);
    request.limit_ns = 30 * kSecondNs;
    request.started_ns = now_ns_ - static_cast<uint64_t>(age_seconds * 1e9);
  }

  const Sample& Look() { return Collect(true); }
  const Sample& Glance() { return Collect(false); }
  void Pass(double seconds) { now_ns_ += static_cast<uint64_t>(seconds * 1e9); }
  void TakeOver() {
    collector_ = std::make_unique<SegmentCollector>(*segment_);
    sample_ = {};
  }

  const RouteSample& Route(const std::string& rule) {
    for (const RouteSample& route : sample_.routes) {
      if (route.rule == rule) return route;
    }
    ADD_FAILURE() << "no route " << rule;
    static const RouteSample none;
    return none;
  }
  bool HasEvent(EventKind kind, const std::string& text) const {
    for (const EventSample& event : sample_.events) {
      if (event.kind == kind && event.text.find(text) != std::string::npos) return true;
    }
    return false;
  }

 private:
  const Sample& Collect(bool full) {
    collector_->Collect({now_ns_, 5 * now_ns_, full}, &sample_);
    return sample_;
  }

  TestSegment segment_;
  std::unique_ptr<SegmentCollector> collector_;
  Sample sample_;
  uint64_t now_ns_ = 1'000'000 * kSecondNs;
};

uint64_t SumOf(const HistogramCounts& counts) {
  uint64_t sum = 0;
  for (const uint64_t count : counts) sum += count;
  return sum;
}

TEST(SegmentCollector, AnEmptySegmentHasNoWorkersAndTheDefaults) {
  Collection app;
  const Sample& sample = app.Look();
  EXPECT_TRUE(sample.workers.empty());
  EXPECT_TRUE(sample.in_flight.empty());
  EXPECT_EQ(sample.totals.requests, 0U);
  EXPECT_EQ(sample.settings.hang_limit, 60);
  EXPECT_EQ(sample.recent.requests_per_second, 0);
}

TEST(SegmentCollector, AddsUpWorkersAndRoutes) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t shop = app.AddRoute("/shop");
  const uint32_t one = app.AddWorker();
  const uint32_t two = app.AddWorker();
  app.Count(one, item, 3);
  app.Count(two, item, 4, 4);
  app.Count(two, shop, 5);
  app.slot(two).server_kind = static_cast<uint32_t>(ServerKind::kGunicorn);
  const Sample& sample = app.Look();
  ASSERT_EQ(sample.workers.size(), 2U);
  EXPECT_TRUE(sample.workers[0].alive);
  EXPECT_EQ(sample.workers[0].pid, static_cast<uint32_t>(getpid()));
  EXPECT_EQ(sample.workers[0].requests, 3U);
  EXPECT_EQ(sample.workers[1].requests, 9U);
  EXPECT_EQ(sample.workers[1].errors, 4U);
  EXPECT_EQ(sample.workers[1].server_kind, ServerKind::kGunicorn);
  EXPECT_EQ(app.Route("/item").requests, 7U);
  EXPECT_EQ(app.Route("/item").totals.status[4], 4U);
  EXPECT_EQ(app.Route("/shop").requests, 5U);
  EXPECT_EQ(sample.totals.requests, 12U);
  EXPECT_EQ(sample.totals.errors, 4U);
}

TEST(SegmentCollector, RoutesOfEqualTextAreOne) {
  Collection app;
  const uint32_t first = app.AddRoute("/item");
  app.segment().routes[first].state = static_cast<uint32_t>(RouteState::kClaimed);
  const uint32_t second = app.AddRoute("/item");  // as if two workers had met
  app.segment().routes[first].state = static_cast<uint32_t>(RouteState::kReady);
  ASSERT_NE(first, second);
  const uint32_t worker = app.AddWorker();
  app.Count(worker, first, 2);
  app.Count(worker, second, 3);
  app.Begin(worker, 0, second, 1);
  app.Look();
  EXPECT_EQ(app.sample().routes.size(), 1U);
  EXPECT_EQ(app.Route("/item").requests, 5U);
  EXPECT_EQ(app.Route("/item").in_flight, 1U);
  app.Count(worker, second, 1);
  app.Look();
  EXPECT_EQ(app.Route("/item").requests, 6U);
}

TEST(SegmentCollector, BuriesADeadWorkerAndSaysWhatWasLost) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddDeadWorker();
  app.Count(worker, item, 10);
  app.Begin(worker, 4, item, 2.5);
  app.Begin(worker, 5, kRouteUnknown, 0.5);
  const Sample& sample = app.Glance();
  ASSERT_EQ(sample.workers.size(), 1U);
  EXPECT_FALSE(sample.workers[0].alive);
  EXPECT_EQ(sample.workers[0].requests, 10U);
  EXPECT_EQ(app.slot(worker).owner.load(), 0U);
  EXPECT_TRUE(app.HasEvent(EventKind::kRequestLost, "GET /item was lost after 2.5 s"));
  EXPECT_TRUE(app.HasEvent(EventKind::kRequestLost, "(not routed yet) was lost"));
  EXPECT_TRUE(app.HasEvent(EventKind::kWorkerDied, "died after 10 requests; 2 lost"));
  EXPECT_EQ(sample.totals.lost, 2U);
  EXPECT_EQ(sample.totals.workers_died, 1U);
  app.Pass(1);
  app.Look();
  EXPECT_TRUE(app.sample().workers.empty());
  EXPECT_EQ(app.sample().totals.requests, 10U);
  EXPECT_EQ(app.Route("/item").requests, 10U);
}

TEST(SegmentCollector, TotalsStayWhenWorkersAreReplaced) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  uint64_t counted = 0;
  for (uint64_t round = 1; round <= 30; ++round) {
    const uint32_t worker = app.AddDeadWorker();
    app.Count(worker, item, round);
    counted += round;
    round % 3 == 0 ? app.Glance() : app.Look();
    app.Pass(0.25);
    EXPECT_EQ(app.Look().totals.requests, counted);
    EXPECT_EQ(SumOf(app.Route("/item").totals.histogram), counted);
    EXPECT_EQ(app.Route("/item").totals.duration_sum_ns, counted * 2'000'000);
  }
  EXPECT_EQ(app.sample().totals.workers_died, 30U);
}

TEST(SegmentCollector, AGoodbyeIsNoDeath) {
  Collection app;
  app.slot(app.AddDeadWorker()).state = static_cast<uint32_t>(WorkerState::kExiting);
  app.Look();
  EXPECT_TRUE(app.HasEvent(EventKind::kWorkerExited, "exited after 0 requests"));
  EXPECT_EQ(app.sample().totals.workers_exited, 1U);
}

TEST(SegmentCollector, RequestsInFlightAreShownOldestFirst) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddWorker();
  app.Begin(worker, 0, item, 1);
  app.Begin(worker, 9, kRouteUnknown, 4);
  app.Begin(worker, 200, item, 90);
  app.slot(worker).in_flight[200].phase = static_cast<uint32_t>(RequestPhase::kStreaming);
  const Sample& sample = app.Glance();
  ASSERT_EQ(sample.in_flight.size(), 3U);
  EXPECT_NEAR(sample.in_flight[0].age_seconds, 90, 1e-6);
  EXPECT_EQ(sample.in_flight[0].phase, RequestPhase::kStreaming);
  EXPECT_EQ(sample.in_flight[1].route, kRouteUnknown);
  EXPECT_EQ(sample.in_flight[1].method, HttpMethod::kPost);
  EXPECT_EQ(sample.in_flight[2].thread, 77U);
  EXPECT_EQ(sample.workers[0].in_flight, 3U);
  EXPECT_EQ(sample.workers[0].streaming, 1U);
  EXPECT_NEAR(sample.workers[0].oldest_request_seconds, 4, 1e-6);  // a stream may be old
  EXPECT_EQ(app.Route("/item").in_flight, 2U);
  app.slot(worker).in_flight[0].started_ns = 0;
  app.Pass(0.25);
  EXPECT_EQ(app.Glance().in_flight.size(), 2U);
  EXPECT_EQ(app.Route("/item").in_flight, 1U);
}

TEST(SegmentCollector, ALongLivedRequestIsAStream) {
  Collection app;
  const uint32_t worker = app.AddWorker();
  app.Begin(worker, 0, app.AddRoute("/socket"), 500);
  app.slot(worker).in_flight[0].limit_ns = 0;
  const WorkerSample& seen = app.Glance().workers[0];
  EXPECT_EQ(seen.streaming, 1U);
  EXPECT_EQ(seen.oldest_request_seconds, 0);
}

TEST(SegmentCollector, TheWindowIsTheLastMinute) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddWorker();
  app.Look();
  for (int second = 0; second < 30; ++second) {
    app.Pass(1);
    app.Count(worker, item, 10, second % 10 == 0 ? 4 : 1);
    app.Look();
  }
  EXPECT_EQ(app.sample().recent.requests, 300U);
  EXPECT_NEAR(app.sample().recent.requests_per_second, 10, 0.01);
  EXPECT_NEAR(app.sample().latest.requests_per_second, 10, 0.01);
  EXPECT_NEAR(app.sample().recent.error_ratio, 0.1, 1e-9);
  EXPECT_NEAR(app.sample().recent.p50_seconds, 0.002, 0.0002);
  EXPECT_NEAR(app.sample().recent.mean_seconds, 0.002, 1e-9);
  EXPECT_EQ(SumOf(app.Route("/item").recent), 300U);
  EXPECT_EQ(app.Route("/item").recent_errors, 30U);
  for (int second = 0; second < 45; ++second) {
    app.Pass(1);
    app.Look();
  }
  EXPECT_NEAR(static_cast<double>(app.sample().recent.requests), 150, 10);
  EXPECT_NEAR(app.sample().recent.last_completion_age_seconds, 45, 0.1);
  for (int second = 0; second < 40; ++second) {
    app.Pass(1);
    app.Look();
  }
  EXPECT_EQ(app.sample().recent.requests, 0U);
  EXPECT_EQ(SumOf(app.Route("/item").recent), 0U);
  EXPECT_EQ(app.Route("/item").recent_errors, 0U);
  EXPECT_TRUE(std::isnan(app.sample().recent.p95_seconds));
  EXPECT_EQ(app.sample().totals.requests, 300U);
}

TEST(SegmentCollector, AfterALongPauseTheWindowIsEmpty) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddWorker();
  app.Look();
  app.Pass(1);
  app.Count(worker, item, 10);
  app.Look();
  app.Pass(3600);  // the machine slept
  app.Look();
  EXPECT_EQ(SumOf(app.Route("/item").recent), 0U);
}

TEST(SegmentCollector, ASuccessorDoesNotShowHoursAsAMinute) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddWorker();
  app.Count(worker, item, 5'000);
  app.Count(app.AddDeadWorker(), item, 3'000);
  app.Look();
  app.Pass(1);
  app.Look();
  app.TakeOver();
  app.Pass(1);
  const Sample& sample = app.Look();
  EXPECT_EQ(sample.totals.requests, 8'000U);
  EXPECT_EQ(sample.recent.requests, 0U);
  EXPECT_EQ(sample.latest.requests, 0U);
  EXPECT_EQ(SumOf(app.Route("/item").recent), 0U);
  app.Pass(1);
  app.Count(worker, item, 7);
  app.Count(worker, app.AddRoute("/new"), 2);
  app.Look();
  EXPECT_EQ(app.sample().recent.requests, 9U);
  EXPECT_NEAR(app.sample().recent.requests_per_second, 9, 0.01);
  EXPECT_EQ(SumOf(app.Route("/item").recent), 7U);
  EXPECT_EQ(SumOf(app.Route("/new").recent), 2U);
}

TEST(SegmentCollector, AnEventThatIsStillWrittenIsShownLater) {
  Collection app;
  AppendEvent(app.segment(), {.kind = EventKind::kCleanup}, "one");
  app.segment().header.next_event.fetch_add(1);  // claimed, not written yet
  app.Glance();
  EXPECT_EQ(app.sample().events.size(), 1U);
  app.segment().header.next_event.fetch_sub(1);
  AppendEvent(app.segment(), {.kind = EventKind::kCleanup}, "two");  // now it is
  app.Glance();
  EXPECT_TRUE(app.HasEvent(EventKind::kCleanup, "two"));
}

TEST(SegmentCollector, SlowRequestsAreToldWithTheirRoute) {
  Collection app;
  AppendEvent(app.segment(),
              {.kind = EventKind::kRequestSlow, .route = app.AddRoute("/item"), .value = 6.25},
              "slow request");
  app.Glance();
  EXPECT_TRUE(app.HasEvent(EventKind::kRequestSlow, "GET /item took 6.2 s"));
}

TEST(SegmentCollector, AWrappedBucketDoesNotSpoilThePercentiles) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddWorker();
  HalfWord& bucket = app.slot(worker).routes[item].histogram[HistogramBucket(2'000'000)];
  app.Count(worker, item, 1);
  bucket = UINT32_MAX - 1;
  app.Look();
  app.Pass(1);
  app.Count(worker, item, 100);
  app.Look();
  EXPECT_EQ(app.sample().recent.requests, 100U);
  EXPECT_LT(app.sample().recent.p99_seconds, 1);
  EXPECT_EQ(SumOf(app.Route("/item").recent), 100U);
}

TEST(SegmentCollector, RefusedAndDegradedRequestsAreSeen) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddWorker();
  app.Count(worker, item, 2);
  app.Look();
  CountRefused(app.slot(worker), item, Criticality::kNormal);
  app.slot(worker).routes[item].degraded = 3;
  app.Pass(1);
  app.Look();
  EXPECT_EQ(app.Route("/item").requests, 2U);
  EXPECT_EQ(app.Route("/item").totals.refused, 1U);
  EXPECT_EQ(app.Route("/item").totals.degraded, 3U);
  EXPECT_EQ(app.sample().totals.shed, 1U);
}

TEST(SegmentCollector, TheWindowHasQueueTimesAndParts) {
  Collection app;
  const uint32_t item = app.AddRoute("/item");
  const uint32_t worker = app.AddWorker();
  app.Look();
  const std::array<uint64_t, kParts> parts{kSecondNs, 0, kSecondNs / 2, 0, 0};
  const std::array<uint32_t, kParts> calls{4, 0, 1, 0, 0};
  Commit(app.slot(worker), {.route = item,
                            .duration_ns = 2 * kSecondNs,
                            .queue_known = true,
                            .queue_ns = 3 * kSecondNs,
                            .parts_ns = parts.data(),
                            .part_calls = calls.data()});
  app.Pass(1);
  app.Look();
  const RouteSample& route = app.Route("/item");
  EXPECT_DOUBLE_EQ(route.recent_duration_seconds, 2);
  EXPECT_DOUBLE_EQ(route.recent_queue_seconds, 3);
  EXPECT_DOUBLE_EQ(route.recent_part_seconds[static_cast<size_t>(Part::kSql)], 1);
  EXPECT_DOUBLE_EQ(route.recent_part_seconds[static_cast<size_t>(Part::kHttp)], 0.5);
  app.Pass(71);
  app.Look();
  EXPECT_EQ(app.Route("/item").recent_duration_seconds, 0);
  EXPECT_EQ(app.Route("/item").recent_queue_seconds, 0);
}

TEST(SegmentCollector, AdmissionOfAWorker) {
  Collection app;
  const uint32_t worker = app.AddWorker();
  app.Pass(10);
  EXPECT_TRUE(std::isnan(app.Glance().workers[0].concurrency_limit));
  EXPECT_FALSE(app.sample().workers[0].stacks_readable);
  AdmissionState& state = app.slot(worker).admission;
  state.capacity = 8;
  state.executor_depth = 3;
  state.concurrency_limit = std::bit_cast<uint64_t>(6.5);
  state.queue_delay_ns = kSecondNs / 4;
  state.level = 2;
  state.overloaded_since_ns = (1'000'000 + 7) * kSecondNs;
  app.slot(worker).interpreter.ready = 1;
  const WorkerSample& seen = app.Glance().workers[0];
  EXPECT_EQ(seen.capacity, 8U);
  EXPECT_EQ(seen.executor_depth, 3U);
  EXPECT_DOUBLE_EQ(seen.concurrency_limit, 6.5);
  EXPECT_DOUBLE_EQ(seen.queue_delay_seconds, 0.25);
  EXPECT_EQ(seen.shed_level, 2U);
  EXPECT_DOUBLE_EQ(seen.overloaded_seconds, 3);
  EXPECT_TRUE(seen.stacks_readable);
}

TEST(SegmentCollector, SurvivesNoise) {
  Collection app;
  std::mt19937_64 random(11);
  auto fill = [&](void* begin, size_t bytes) {
    auto* const words = static_cast<AliasedWord*>(begin);
    for (size_t i = 0; i < bytes / 8; ++i) words[i] = random();
  };
  Segment& segment = app.segment();
  fill(&segment.supervisor, sizeof segment.supervisor);
  fill(&segment.config, sizeof segment.config);
  fill(&segment.routes, sizeof segment.routes);
  fill(&segment.events, sizeof segment.events);
  segment.header.route_count = 1'000'000;
  segment.header.next_event = random();
  for (uint32_t slot : {0U, 1U, 2U, 127U}) fill(&segment.workers[slot], sizeof(WorkerSlot));
  app.AddWorker();
  for (int i = 0; i < 3; ++i) {
    app.Glance();
    app.Look();
    app.Pass(1);
  }
  EXPECT_EQ(app.sample().workers.size(), 1U);
}

}  // namespace
}  // namespace stirbar
