#include "probe/attachment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "segment/counters.h"

namespace stirbar {

// The cache of Python's Rule objects needs an interpreter; these tests have none.
RouteCache::RouteCache() = default;
RouteCache::Known RouteCache::Find(Segment&, HttpMethod, _object*, _object*) noexcept { return {}; }

namespace {

class AttachmentTest : public testing::Test {
 protected:
  AttachmentTest() {
    char folder[] = "/tmp/stirbar-attachment-XXXXXX";
    folder_ = mkdtemp(folder);
    auto made = Attachment::Make(SegmentMapping::CreateOrOpen(folder_ + "/a.segment", "test"),
                                 ServerKind::kOther);
    EXPECT_TRUE(made.ok()) << made.error();
    attachment_.reset(*made);
  }
  ~AttachmentTest() override { std::filesystem::remove_all(folder_); }

  uint32_t Begin(uint64_t now_ns, HttpMethod method, uint32_t thread) {
    const uint32_t index = attachment_->Take();
    attachment_->Begin(index, {.now_ns = now_ns, .method = method, .thread = thread});
    return index;
  }
  RouteStats& Stats(uint32_t route) { return attachment_->slot().routes[route]; }

  std::string folder_;
  std::unique_ptr<Attachment> attachment_;
};

TEST_F(AttachmentTest, RequestIsInFlightUntilItEnds) {
  const uint32_t index = Begin(100, HttpMethod::kGet, 7);
  const InFlight& request = attachment_->slot().in_flight[index];
  EXPECT_EQ(request.started_ns.load(), 100U);
  EXPECT_EQ(request.thread.load(), 7U);
  EXPECT_EQ(request.route.load(), kRouteUnknown);
  attachment_->SetRoute(index, {.route = 5, .now_ns = 150}, {});
  EXPECT_EQ(request.route.load(), 5U);
  attachment_->End({.in_flight = index, .route = 5, .status_class = 1, .started_ns = 100}, 300);
  EXPECT_EQ(request.started_ns.load(), 0U);
  EXPECT_EQ(RequestsOf(Stats(5)), 1U);
  EXPECT_EQ(Stats(5).duration_sum_ns.load(), 200U);
}

TEST_F(AttachmentTest, QueueTimeIsCountedButNotInTheDuration) {
  attachment_->End({.route = 5,
                    .status_class = 1,
                    .started_ns = 100,
                    .queue_ns = 700'000'000,
                    .queue_source = QueueSource::kSocket},
                   300);
  EXPECT_EQ(Stats(5).duration_sum_ns.load(), 200U);
  EXPECT_EQ(Stats(5).queue_sum_ns.load(), 700'000'000U);
  EXPECT_EQ(attachment_->slot().queue_histogram[HistogramBucket(700'000'000)].load(), 1U);
}

TEST_F(AttachmentTest, PolicyOfTheRouteHoldsOnceItIsMatched) {
  const uint32_t index = attachment_->Take();
  const InFlight& request = attachment_->slot().in_flight[index];
  attachment_->Begin(index, {.now_ns = 100, .queue_ns = 50, .deadline_ns = 1050});
  EXPECT_EQ(request.limit_ns.load(), 30'000'000'000U);
  EXPECT_EQ(request.deadline_ns.load(), 1050U);
  attachment_->SetRoute(index, {.route = 5, .now_ns = 150, .deadline_ns = 250},
                        {.criticality = Criticality::kBackground, .limit_ns = 77});
  EXPECT_EQ(request.criticality.load(), static_cast<uint32_t>(Criticality::kBackground));
  EXPECT_EQ(request.limit_ns.load(), 77U);
  EXPECT_EQ(request.deadline_ns.load(), 250U);
  attachment_->SetRoute(index, {.route = 5, .now_ns = 150}, {.long_lived = true, .limit_ns = 77});
  EXPECT_EQ(request.limit_ns.load(), 0U);
  attachment_->End({.in_flight = index, .route = 5, .started_ns = 100}, 300);
  EXPECT_EQ(attachment_->slot().admission.admitted[1].load(), 1U);
}

TEST_F(AttachmentTest, StreamsAreNotRunningAndTeachNothing) {
  const uint32_t index = Begin(100, HttpMethod::kGet, 7);
  EXPECT_EQ(attachment_->load.running(), 1U);
  attachment_->BeginStreaming(index, 200);
  EXPECT_EQ(attachment_->load.running(), 0U);
  attachment_->End({.in_flight = index, .route = 5, .started_ns = 100, .streamed = true},
                   90'000'000'000);
  EXPECT_EQ(attachment_->load.running(), 0U);
  EXPECT_EQ(attachment_->load.ExpectedNs(5), 0U);
}

TEST_F(AttachmentTest, FullTableStillCounts) {
  for (size_t i = 0; i < kMaxInFlight; ++i) {
    EXPECT_LT(Begin(1, HttpMethod::kGet, 1), kMaxInFlight);
  }
  const uint32_t index = Begin(1, HttpMethod::kGet, 1);
  EXPECT_EQ(index, kMaxInFlight);
  attachment_->End({.in_flight = index, .route = 3, .status_class = 4, .started_ns = 1}, 2);
  EXPECT_EQ(attachment_->slot().in_flight_overflow.load(), 1U);
  EXPECT_EQ(Stats(3).status[4].load(), 1U);
}

TEST_F(AttachmentTest, WildValuesAreCountedWhereTheyDoNoHarm) {
  attachment_->End({.route = 1U << 30U, .status_class = 77, .started_ns = 9}, 1);
  EXPECT_EQ(Stats(kRouteUnmatched).status[4].load(), 1U);
  EXPECT_EQ(Stats(kRouteUnmatched).duration_sum_ns.load(), 0U);
}

TEST_F(AttachmentTest, SlowRequestIsAnEvent) {
  attachment_->orders.slow_after_ns = 1000;
  attachment_->End({.route = 2, .status_class = 1, .started_ns = 0}, 1001);
  EXPECT_EQ(Stats(2).slow.load(), 1U);
  EXPECT_EQ(attachment_->segment().events[1].kind, EventKind::kRequestSlow);  // after "started"
}

// As in a threaded worker: the interpreter lock orders the writers, nothing orders the reader.
TEST_F(AttachmentTest, ReaderBesideManyThreadsSeesNothingTorn) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 2000;
  std::mutex interpreter_lock;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    uint64_t last = 0;
    while (!done.load()) {
      for (const InFlight& request : attachment_->slot().in_flight) {
        const uint64_t started = request.started_ns.load(std::memory_order_acquire);
        const uint32_t thread = request.thread.load(std::memory_order_acquire);
        if (started != 0 && request.started_ns.load() == started) {
          EXPECT_GE(thread, 1U);
          EXPECT_LE(thread, static_cast<uint32_t>(kThreads));
        }
      }
      const uint64_t requests = RequestsOf(Stats(9));
      EXPECT_GE(requests, last);
      last = requests;
    }
  });
  std::vector<std::thread> threads;
  for (uint32_t id = 1; id <= kThreads; ++id) {
    threads.emplace_back([&, id] {
      for (int i = 0; i < kRequests; ++i) {
        const uint64_t began = MonotonicNs();
        uint32_t index = 0;
        {
          const std::lock_guard hold(interpreter_lock);
          index = Begin(began, HttpMethod::kPost, id);
          attachment_->SetRoute(index, {.route = 9, .now_ns = began}, {});
        }
        const std::lock_guard hold(interpreter_lock);
        attachment_->End({.in_flight = index, .route = 9, .status_class = 1, .started_ns = began},
                         MonotonicNs());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  EXPECT_EQ(RequestsOf(Stats(9)), static_cast<uint64_t>(kThreads) * kRequests);
}

}  // namespace
}  // namespace stirbar
