#include "segment/bus_guard.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "segment/counters.h"
#include "segment/events.h"
#include "segment/published.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

void WriteEverywhere(Segment& segment) {
  AppendEvent(segment, {.kind = EventKind::kCleanup}, "text");
  WriteSnapshot(segment, std::string(10'000, 'x'));
  AppendHistory(segment, {});
  ClaimWorkerSlot(segment, 5);
  for (const uint32_t slot : {0U, 50U, 127U}) {
    Commit(segment.workers[slot], {.route = 2'000, .duration_ns = 5});
  }
  BuryWorker(segment, 0, 1);
}

TEST(SegmentBusGuard, LifeGoesOnWhenTheFileIsTruncated) {
  for (const off_t bytes : {0, 4096, 1 << 20}) {
    const TestSegment segment;
    WriteEverywhere(*segment);
    ASSERT_EQ(truncate(segment.path().c_str(), bytes), 0);
    WriteEverywhere(*segment);
    ReadSnapshot(*segment);
    ReadEvents(*segment, 1000);
    EXPECT_THAT(segment.mapping().Defect(), HasSubstr("pages are gone"));
    // The other end of the range is there, too.
    EXPECT_EQ(segment->workers[kMaxWorkers - 1].state.load(), 0U);
  }
}

TEST(SegmentBusGuard, ReadingAloneFindsItOutAsWell) {
  const TestSegment segment;
  ASSERT_EQ(truncate(segment.path().c_str(), 0), 0);
  EXPECT_EQ(ReadSnapshot(*segment), std::nullopt);
  EXPECT_THAT(segment.mapping().Defect(), HasSubstr("pages are gone"));
}

// Heartbeat, knock and requests touch the same page at the same time.
TEST(SegmentBusGuard, AllThreadsSurviveThatFaultAtOnce) {
  for (int round = 0; round < 40; ++round) {
    const TestSegment segment;
    std::atomic<bool> stop{false};
    std::atomic<int> running{0};
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back([&] {
        ++running;
        while (!stop) segment->workers[0].heartbeat_ns.store(1, std::memory_order_relaxed);
      });
    }
    while (running < 4) sched_yield();
    ASSERT_EQ(truncate(segment.path().c_str(), 0), 0);
    while (segment.mapping().Defect().find("pages are gone") == std::string::npos) sched_yield();
    stop = true;
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(SegmentBusGuard, AnotherBusErrorStillEndsTheProcess) {
  const TestSegment segment;
  const TestFolder folder;
  const int file = open(folder.File("other").c_str(), O_CREAT | O_RDWR, 0600);
  ASSERT_EQ(ftruncate(file, 4096), 0);
  auto* const page =
      static_cast<volatile char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  ASSERT_EQ(ftruncate(file, 0), 0);
  close(file);
  EXPECT_DEATH(page[0] = 1, "");
  munmap(const_cast<char*>(page), 4096);
}

TEST(SegmentBusGuard, ABusErrorSentByHandStillEndsTheProcess) {
  const TestSegment segment;
  EXPECT_DEATH(raise(SIGBUS), "");
}

struct sigaction g_guard;

// Does what Python's faulthandler does: says something, and raises the signal for whoever was
// there.
void LikeFaulthandler(int number) {
  sigaction(number, &g_guard, nullptr);
  raise(number);
}

TEST(SegmentBusGuard, SurvivesBehindAHandlerThatRaisesAgain) {
  const TestSegment segment;
  const pid_t child = RunInChild([&] {
    struct sigaction action {};
    action.sa_handler = LikeFaulthandler;
    action.sa_flags = SA_NODEFER | SA_ONSTACK;
    sigaction(SIGBUS, &action, &g_guard);
    if (truncate(segment.path().c_str(), 0) != 0) _exit(1);
    WriteEverywhere(*segment);
    _exit(segment.mapping().Defect().empty() ? 2 : 0);
  });
  EXPECT_EQ(Await(child), 0);
}

TEST(SegmentBusGuard, ChildrenOfAForkAreGuarded) {
  const TestSegment segment;
  ASSERT_EQ(truncate(segment.path().c_str(), 0), 0);
  const pid_t child = RunInChild([&] { WriteEverywhere(*segment); });
  EXPECT_EQ(Await(child), 0);
}

TEST(SegmentBusGuard, MoreMappingsThanItCanGuardAreRefused) {
  const TestSegment segment;
  std::vector<std::unique_ptr<SegmentMapping>> mappings;
  std::string refusal;
  while (refusal.empty() && mappings.size() < 100) {
    auto mapping = SegmentMapping::Open(segment.path());
    if (mapping.ok()) {
      mappings.push_back(std::move(*mapping));
    } else {
      refusal = mapping.error();
    }
  }
  EXPECT_LT(mappings.size(), 64U);
  EXPECT_GT(mappings.size(), 32U);
  EXPECT_THAT(refusal, HasSubstr("too many"));
  mappings.pop_back();
  EXPECT_TRUE(SegmentMapping::Open(segment.path()).ok());
}

}  // namespace
}  // namespace stirbar
