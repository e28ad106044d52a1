#include "segment/counters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>

#include "base/clock.h"
#include "segment/identity.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

constexpr ProcessIdentity kNobody = MakeIdentity(4'000'000, 7);  // above the kernel's largest pid

uint64_t SumOf(const HistogramCounts& histogram) {
  return std::accumulate(histogram.begin(), histogram.end(), uint64_t{0});
}

// As Attachment::Begin does.
void Begin(WorkerSlot& slot, uint32_t index, uint64_t now_ns) {
  InFlight& request = slot.in_flight[index];
  request.route.store(kRouteUnknown, std::memory_order_release);
  request.method.store(static_cast<uint32_t>(HttpMethod::kGet), std::memory_order_release);
  request.started_ns.store(now_ns, std::memory_order_release);
}

RouteTotals TotalsOf(const RetiredBank& bank) {
  RouteTotals totals{};
  ForEachRoute(bank.routes_used,
               [&](uint32_t route) { AddRouteTotals(bank.routes[route], &totals); });
  return totals;
}

// What makes a slot's state, for routes 0 to 3, copied as it is at this instant.
void CopySlot(const Segment& from, Segment* to) {
  constexpr size_t kBytes = offsetof(WorkerSlot, routes) + 4 * sizeof(RouteStats);
  std::memcpy(static_cast<void*>(&to->workers[0]), static_cast<const void*>(&from.workers[0]),
              kBytes);
}

TEST(SegmentCounters, CountsStatusDurationAndSlowness) {
  const TestSegment segment;
  WorkerSlot& slot = segment->workers[0];
  Commit(slot, {.route = 5, .status_class = 1, .duration_ns = 1'000'000});
  Commit(slot, {.route = 5, .status_class = 4, .exceptions = 1, .slow = 1, .duration_ns = 9});
  Commit(slot, {.route = 5, .status_class = 1, .duration_ns = 500'000});
  RouteTotals totals{};
  AddRouteStats(slot.routes[5], &totals);
  EXPECT_EQ(RequestsOf(totals), 3U);
  EXPECT_EQ(RequestsOf(slot.routes[5]), 3U);
  EXPECT_EQ(totals.status, (std::array<uint64_t, 5>{0, 2, 0, 0, 1}));
  EXPECT_EQ(totals.exceptions, 1U);
  EXPECT_EQ(totals.slow, 1U);
  EXPECT_EQ(totals.duration_sum_ns, 1'500'009U);
  EXPECT_EQ(totals.duration_max_ns, 1'000'000U);
  EXPECT_EQ(SumOf(totals.histogram), 3U);
  EXPECT_EQ(slot.routes_used[0].load(), uint64_t{1} << 5U);
}

TEST(SegmentCounters, FinishingTwiceIsFinishingOnce) {
  const TestSegment segment;
  WorkerSlot& slot = segment->workers[0];
  Begin(slot, 3, 100);
  Commit(slot, {.route = 2, .in_flight = 3, .status_class = 2, .duration_ns = 70'000});
  slot.journal.pending = 1;  // the worker died just before it cleared the journal
  FinishCommit(slot);
  FinishCommit(slot);
  slot.journal.pending = 1;
  FinishCommit(slot);
  EXPECT_EQ(RequestsOf(slot.routes[2]), 1U);
  EXPECT_EQ(slot.routes[2].duration_sum_ns.load(), 70'000U);
  EXPECT_EQ(slot.in_flight[3].started_ns.load(), 0U);
}

TEST(SegmentCounters, NoiseInTheJournalIsNotFollowed) {
  const TestSegment segment;
  WorkerSlot& slot = segment->workers[0];
  slot.journal.route = 0xFFFFFFFF;
  slot.journal.status_class = 0xFFFFFFFF;
  slot.journal.bucket = 0xFFFFFFFF;
  slot.journal.in_flight = 0xFFFFFFFF;
  slot.journal.pending = 0xFFFFFFFF;
  FinishCommit(slot);
  EXPECT_EQ(slot.journal.pending.load(), 0U);
}

TEST(SegmentCounters, ADeathAtAnyInstructionLeavesTheRequestCountedOrLost) {
  const TestSegment live;
  const TestSegment dead;
  WorkerSlot& slot = live->workers[0];
  ASSERT_EQ(ClaimWorkerSlot(*live, kNobody), 0U);
  Commit(slot, {.route = 3, .status_class = 1, .duration_ns = 100'000});
  Begin(slot, 7, 1'000);
  bool saw_lost = false;
  bool saw_counted = false;
  uint64_t buried = 0;
  const size_t instructions = ForEachInstruction(
      3,
      [&] {
        Commit(slot, {.route = 3, .in_flight = 7, .status_class = 4, .duration_ns = 300'000});
      },
      [&] {
        CopySlot(*live, &*dead);
        dead->workers[0].incarnation = ++buried;
        const RouteTotals before = TotalsOf(RetiredTotals(*dead));
        const uint64_t lost_before = RetiredTotals(*dead).lost;
        BuryWorker(*dead, 0, 2'000);
        const RetiredBank& bank = RetiredTotals(*dead);
        const RouteTotals after = TotalsOf(bank);
        const uint64_t counted = RequestsOf(after) - RequestsOf(before);
        const uint64_t lost = bank.lost - lost_before;
        ASSERT_EQ(counted + lost, 2U);
        ASSERT_EQ(SumOf(after.histogram) - SumOf(before.histogram), counted);
        ASSERT_EQ(after.duration_sum_ns - before.duration_sum_ns,
                  counted == 2 ? 400'000U : 100'000U);
        saw_lost |= lost == 1;
        saw_counted |= counted == 2;
      });
  if (instructions == 0) GTEST_SKIP() << "no right to trace a child";
  EXPECT_TRUE(saw_lost);
  EXPECT_TRUE(saw_counted);
}

struct Progress {
  std::atomic<uint64_t> begun;
  std::atomic<uint64_t> duration_ns;
};

// Begins and commits over several in-flight slots and routes, until it is killed.
void WorkForEver(WorkerSlot& slot, Progress* progress) {
  std::mt19937 random(7);
  uint64_t number = 0;
  for (;;) {
    const uint32_t index = number % 4;
    progress->begun.store(++number);
    Begin(slot, index, number);
    const uint64_t duration = random() % 3'000'000;
    progress->duration_ns.store(progress->duration_ns.load() + duration);
    Commit(slot, {.route = static_cast<uint32_t>(random() % 3),
                  .in_flight = index,
                  .status_class = static_cast<uint32_t>(random() % 5),
                  .duration_ns = duration});
  }
}

TEST(SegmentCounters, KilledWorkersAddUpExactly) {
  const TestSegment segment;
  const Shared<Progress> progress;
  std::mt19937 random(1);
  uint64_t begun = 0;
  uint64_t durations = 0;
  uint64_t never_begun = 0;
  constexpr uint64_t kRounds = 60;
  for (uint64_t round = 0; round < kRounds; ++round) {
    const auto index = ClaimWorkerSlot(*segment, kNobody);
    ASSERT_EQ(index, 0U);
    progress->begun = 0;
    progress->duration_ns = 0;
    WorkerSlot& slot = segment->workers[0];
    const pid_t child = RunInChild([&] { WorkForEver(slot, &*progress); });
    const uint64_t enough = 50 + random() % 3000;
    while (progress->begun.load() < enough) sched_yield();
    for (uint64_t spin = random() % 500; spin > 0; --spin) progress->begun.load();
    kill(child, SIGKILL);
    Await(child);
    begun += progress->begun;
    durations += progress->duration_ns;
    const uint64_t before = RequestsOf(TotalsOf(RetiredTotals(*segment)));
    const Burial burial = BuryWorker(*segment, 0, MonotonicNs());
    const uint64_t requests = RequestsOf(TotalsOf(RetiredTotals(*segment))) - before;
    ASSERT_LE(burial.lost.size(), 1U);
    const uint64_t missing = progress->begun - requests - burial.lost.size();
    ASSERT_LE(missing, 1U);  // killed between the progress note and the first store
    never_begun += missing;
  }
  const RetiredBank& bank = RetiredTotals(*segment);
  const RouteTotals totals = TotalsOf(bank);
  EXPECT_EQ(RequestsOf(totals) + bank.lost + never_begun, begun);
  EXPECT_EQ(SumOf(totals.histogram), RequestsOf(totals));
  EXPECT_EQ(bank.workers_died, kRounds);
  EXPECT_LE(totals.duration_sum_ns, durations);
  EXPECT_GE(totals.duration_sum_ns + kRounds * 3'000'000, durations);
}

// What the reader's shortcut (SegmentCollector::CountRoutes) stands on.
TEST(SegmentCounters, WhoSeesARequestCountedSeesAllOfIt) {
  const TestSegment segment;
  WorkerSlot& slot = segment->workers[0];
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) Commit(slot, {.route = 2, .status_class = 1, .duration_ns = 100'000});
  });
  for (int i = 0; i < 20'000; ++i) {
    RouteTotals totals{};
    AddRouteStats(slot.routes[2], &totals);
    const uint64_t requests = RequestsOf(totals);
    ASSERT_GE(SumOf(totals.histogram), requests);
    ASSERT_GE(totals.duration_sum_ns, requests * 100'000);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace stirbar
