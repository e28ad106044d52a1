#include "supervisor/collect/slow_request_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segment/events.h"
#include "segment/routes.h"
#include "segment/test_segment.h"
#include "supervisor/collect/stuck_text.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint32_t kPid = 4711;

// Gives every request one frame, named after the number of the read.
class FakeStacks : public StackSource {
 public:
  std::vector<WorkerStacks> Read(const Sample& sample, std::optional<uint32_t>) override {
    ++reads;
    std::vector<WorkerStacks> stacks;
    for (const WorkerSample& worker : sample.workers) {
      workers.push_back(worker.slot);
      WorkerStacks of_worker;
      of_worker.slot = worker.slot;
      of_worker.pid = worker.pid;
      of_worker.lock_holder = lock_holder;
      for (const InFlightSample& request : sample.in_flight) {
        if (request.slot != worker.slot) continue;
        ThreadStack thread;
        thread.quality = StackQuality::kExact;
        thread.request = request;
        thread.frames = {{"readinto", "/usr/lib/python3.11/socket.py", 706},
                         {"wait_" + std::to_string(reads), "/srv/app.py", 42}};
        of_worker.threads.push_back(std::move(thread));
      }
      stacks.push_back(std::move(of_worker));
    }
    return stacks;
  }

  int reads = 0;
  std::vector<uint32_t> workers;  // slots that were read, all reads together
  std::optional<uint32_t> lock_holder;
};

class SlowRequestCollectorTest : public testing::Test {
 protected:
  SlowRequestCollectorTest() {
    route_ = InternRoute(*segment_, HttpMethod::kGet, "/report");
    AddWorker(0);
  }

  void AddWorker(uint32_t slot) {
    WorkerSample worker;
    worker.slot = slot;
    worker.pid = kPid + slot;
    worker.incarnation = 1;
    sample_.workers.push_back(worker);
  }

  InFlightSample& Begin(uint32_t slot, uint32_t index, double age, double limit = 30) {
    InFlightSample request;
    request.slot = slot;
    request.pid = kPid + slot;
    request.thread = kPid + slot;
    request.route = route_;
    request.method = HttpMethod::kGet;
    request.phase = RequestPhase::kHandling;
    request.age_seconds = age;
    request.index = index;
    request.started_ns = now_ns_ - static_cast<uint64_t>(age * 1e9);
    request.limit_seconds = limit;
    segment_->workers[slot].in_flight[index].started_ns = request.started_ns;
    sample_.in_flight.push_back(request);
    return sample_.in_flight.back();
  }

  // What a worker writes when the request that began at `started_ns` ends.
  void WriteEnd(uint32_t slot, uint32_t index, uint64_t started_ns, double duration) {
    WorkerSlot& worker = segment_->workers[slot];
    const uint64_t number = worker.next_slow;
    SlowRequest& record = worker.slow[number % kMaxSlowRequests];
    record.sequence = 0;
    record.started_ns = started_ns;
    record.wall_ns = 5;
    record.duration_ns = static_cast<uint64_t>(duration * 1e9);
    record.in_flight = index;
    record.route = route_;
    record.method = static_cast<uint32_t>(HttpMethod::kGet);
    record.status = 200;
    record.slow = 1;
    record.queue_ns = 2'000'000;
    record.queue_source = static_cast<uint32_t>(QueueSource::kSocket);
    record.response_bytes = UINT64_MAX;
    record.parts_ns[0] = kSecondNs;
    record.part_calls[0] = 3;
    std::snprintf(record.statements[0].text, sizeof record.statements[0].text, "SELECT ?");
    record.statements[0].duration_ns = kSecondNs / 2;
    record.statements[0].calls = 2;
    record.sequence = number + 1;
    worker.next_slow = number + 1;
  }

  void Collect(bool full = true) {
    now_ns_ += kSecondNs / 4;
    collector_.Collect({.now_ns = now_ns_, .wall_ns = 1, .full = full}, &sample_);
  }

  std::vector<std::string> StuckEvents() {
    std::vector<std::string> texts;
    for (const EventRecord& event : ReadEvents(*segment_, 100)) {
      if (event.fields.kind == EventKind::kRequestStuck) texts.emplace_back(event.text);
    }
    return texts;
  }

  TestSegment segment_;
  FakeStacks stacks_;
  SlowRequestCollector collector_{*segment_, stacks_};
  Sample sample_;
  uint32_t route_ = 0;
  uint64_t now_ns_ = 1000 * kSecondNs;
};

TEST_F(SlowRequestCollectorTest, ARecordGetsTheNewestStackThatWasSampled) {
  const uint64_t started = Begin(0, 3, 1.2).started_ns;
  Collect();
  sample_.in_flight[0].age_seconds = 2.2;
  Collect();
  sample_.in_flight.clear();
  WriteEnd(0, 3, started, 2.9);
  Collect(false);
  ASSERT_EQ(sample_.slow_requests.size(), 1U);
  const SlowRequestSample& slow = sample_.slow_requests[0];
  EXPECT_EQ(slow.route, "GET /report");
  EXPECT_EQ(slow.status, 200U);
  EXPECT_FALSE(slow.running);
  EXPECT_DOUBLE_EQ(slow.duration_seconds, 2.9);
  EXPECT_DOUBLE_EQ(slow.queue_seconds, 0.002);
  EXPECT_EQ(slow.queue_source, QueueSource::kSocket);
  EXPECT_DOUBLE_EQ(slow.part_seconds[0], 1);
  EXPECT_FALSE(slow.response_bytes);
  ASSERT_EQ(slow.statements.size(), 1U);
  EXPECT_EQ(slow.statements[0].text, "SELECT ?");
  ASSERT_EQ(slow.stack.size(), 2U);
  EXPECT_EQ(slow.stack[1].function, "wait_2");
  EXPECT_DOUBLE_EQ(slow.stack_age_seconds, 2.2);
  EXPECT_EQ(slow.stack_quality, StackQuality::kExact);
  // It comes once.
  Collect();
  EXPECT_EQ(sample_.slow_requests.size(), 1U);
}

TEST_F(SlowRequestCollectorTest, SamplesOnlyWhatIsOldAndNoStream) {
  Begin(0, 0, 0.9);
  Begin(0, 1, 100).phase = RequestPhase::kStreaming;
  Collect();
  EXPECT_EQ(stacks_.reads, 0);
  sample_.settings.slow_request_threshold = 0.5;
  Collect(false);
  EXPECT_EQ(stacks_.reads, 0) << "only full ticks sample";
  Collect();
  EXPECT_EQ(stacks_.reads, 1);
}

TEST_F(SlowRequestCollectorTest, AtMostEightWorkersASecondAndAllInTurn) {
  for (uint32_t slot = 1; slot < 12; ++slot) AddWorker(slot);
  for (uint32_t slot = 0; slot < 12; ++slot) Begin(slot, 0, 5);
  Collect();
  EXPECT_EQ(stacks_.workers.size(), 8U);
  Collect();
  EXPECT_EQ(stacks_.workers.size(), 16U);
  const std::set<uint32_t> seen(stacks_.workers.begin(), stacks_.workers.end());
  EXPECT_EQ(seen.size(), 12U);
}

TEST_F(SlowRequestCollectorTest, RecordsAStuckRequestOnceWhileItRuns) {
  stacks_.lock_holder = kPid;
  InFlightSample& request = Begin(0, 3, 30.9, 30);
  request.connection_seconds = 3;
  const uint64_t started = request.started_ns;
  Collect(false);
  ASSERT_EQ(sample_.slow_requests.size(), 1U);
  EXPECT_TRUE(sample_.slow_requests[0].running);
  EXPECT_EQ(sample_.slow_requests[0].stack[1].function, "wait_1");
  EXPECT_EQ(sample_.slow_requests[0].lock_holder, kPid);
  EXPECT_EQ(StuckEvents(),
            std::vector<std::string>{
                "GET /report has run for 31 s in worker 0 (pid 4711), thread 4711: in app.py:42 "
                "wait_1; interpreter lock held by thread 4711; holds a connection since 3.0 s"});
  EXPECT_EQ(segment_->workers[0].in_flight[3].stuck.load(), kStuckRecorded);
  Collect();
  EXPECT_EQ(StuckEvents().size(), 1U);
  // Its end takes the place of the record.
  sample_.in_flight.clear();
  WriteEnd(0, 3, started, 33);
  Collect(false);
  ASSERT_EQ(sample_.slow_requests.size(), 1U);
  EXPECT_FALSE(sample_.slow_requests[0].running);
  EXPECT_EQ(sample_.slow_requests[0].stack.size(), 2U);
}

TEST_F(SlowRequestCollectorTest, RecordsNothingThatIsExemptStreamingRecordedOrOff) {
  Begin(0, 0, 100, 0);
  Begin(0, 1, 100, 30).phase = RequestPhase::kStreaming;
  Begin(0, 2, 100, 30).stuck = kStuckRecorded;  // by the supervisor before this one
  Begin(0, 4, 29, 30);
  Collect();
  EXPECT_TRUE(StuckEvents().empty());
  Begin(0, 5, 100, 30);
  sample_.settings.stuck_request_record = kModeOff;
  Collect();
  EXPECT_TRUE(StuckEvents().empty());
  sample_.settings.stuck_request_record = kModeOn;
  sample_.settings.observe_only = 1;  // it changes nothing in the app
  Collect();
  EXPECT_EQ(StuckEvents().size(), 1U);
}

TEST_F(SlowRequestCollectorTest, ARequestThatHasJustEndedIsNotMarked) {
  Begin(0, 3, 31, 30);
  segment_->workers[0].in_flight[3].started_ns = now_ns_;  // the next one has its place
  Collect();
  EXPECT_TRUE(StuckEvents().empty());
  EXPECT_EQ(segment_->workers[0].in_flight[3].stuck.load(), 0U);
}

TEST_F(SlowRequestCollectorTest, KeepsTheNewestHundred) {
  for (unsigned i = 0; i < 130; ++i) {
    WriteEnd(0, 0, 1000 + i, 6);
    Collect(false);
  }
  ASSERT_EQ(sample_.slow_requests.size(), 100U);
  EXPECT_EQ(sample_.slow_requests.back().started_ns, 1129U);
}

TEST_F(SlowRequestCollectorTest, WhatTheRingHasOverwrittenIsLeftOut) {
  for (unsigned i = 0; i < kMaxSlowRequests + 5; ++i) WriteEnd(0, 0, 1000 + i, 6);
  // One that is just being written.
  segment_->workers[0].slow[7].sequence = 0;
  Collect();
  EXPECT_EQ(sample_.slow_requests.size(), kMaxSlowRequests - 1);
  EXPECT_EQ(sample_.slow_requests.front().started_ns, 1005U);
  // A new owner of the slot begins anew.
  segment_->workers[0].next_slow = 0;
  sample_.workers[0].incarnation = 2;
  WriteEnd(0, 0, 5, 6);
  Collect();
  EXPECT_EQ(sample_.slow_requests.back().started_ns, 5U);
}

TEST(StuckText, NamesTheFrameOfTheAppAndWhatIsKnown) {
  SlowRequestSample stuck;
  stuck.route = "GET /x";
  stuck.duration_seconds = 61;
  InFlightSample request;
  EXPECT_THAT(StuckText(stuck, request), testing::EndsWith("thread 0"));
  stuck.stack = {{"wait", "/usr/lib/python3.11/threading.py", 320},
                 {"run", "/srv/.venv/lib/python3.11/site-packages/sqlalchemy/pool.py", 7},
                 {"<lambda>", "<string>", 1}};
  EXPECT_THAT(StuckText(stuck, request), HasSubstr(": in threading.py:320 wait"));
  stuck.stack.push_back({"Shop.items", "/srv/shop.py", 12});
  request.activity = Activity::kSql;
  request.activity_seconds = 60.5;
  EXPECT_THAT(StuckText(stuck, request), StartsWith("GET /x has run for 61 s in worker 0"));
  EXPECT_THAT(StuckText(stuck, request),
              HasSubstr(": in shop.py:12 Shop.items; in sql since 60.5 s"));
}

}  // namespace
}  // namespace stirbar
