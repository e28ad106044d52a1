#include "segment/worker_slot.h"

#include <gtest/gtest.h>

#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "base/clock.h"
#include "segment/counters.h"
#include "segment/identity.h"
#include "segment/test_segment.h"

namespace stirbar {
namespace {

constexpr ProcessIdentity kNobody = MakeIdentity(4'000'000, 7);

// A worker that has counted: 2 requests on route 2, 1 on route 3, and has one in flight.
void FillSlot(Segment& segment, uint32_t index) {
  WorkerSlot& slot = segment.workers[index];
  Commit(slot, {.route = 2, .status_class = 1, .duration_ns = 1'000'000});
  Commit(slot, {.route = 2, .status_class = 3, .duration_ns = 1'000'000});
  Commit(slot, {.route = 3, .status_class = 4, .exceptions = 1, .duration_ns = 2'000'000});
  slot.in_flight[9].route = 3;
  slot.in_flight[9].method = static_cast<uint32_t>(HttpMethod::kPost);
  slot.in_flight[9].started_ns = 1'000'000'000;
  slot.in_flight_overflow = 5;
  slot.probe_faults = 2;
}

void ExpectBuried(const RetiredBank& bank, uint64_t times) {
  EXPECT_EQ(bank.routes[2].status[1], times);
  EXPECT_EQ(bank.routes[2].status[3], times);
  EXPECT_EQ(bank.routes[2].histogram[HistogramBucket(1'000'000)], 2 * times);
  EXPECT_EQ(bank.routes[2].duration_sum_ns, times * 2'000'000);
  EXPECT_EQ(bank.routes[3].status[4], times);
  EXPECT_EQ(bank.routes[3].exceptions, times);
  EXPECT_EQ(bank.lost, times);
  EXPECT_EQ(bank.workers_died + bank.workers_exited, times);
  EXPECT_EQ(bank.in_flight_overflow, 5 * times);
  EXPECT_EQ(bank.probe_faults, 2 * times);
}

void ExpectWiped(const WorkerSlot& slot) {
  EXPECT_EQ(slot.owner.load(), 0U);
  EXPECT_EQ(slot.incarnation.load(), 0U);
  EXPECT_EQ(slot.state.load(), 0U);
  EXPECT_EQ(slot.in_flight_overflow.load(), 0U);
  for (const Word& bits : slot.routes_used) ASSERT_EQ(bits.load(), 0U);
  for (const InFlight& request : slot.in_flight) ASSERT_EQ(request.started_ns.load(), 0U);
  for (const uint32_t route : {2, 3}) {
    EXPECT_EQ(RequestsOf(slot.routes[route]), 0U);
    EXPECT_EQ(slot.routes[route].duration_sum_ns.load(), 0U);
    for (const HalfWord& count : slot.routes[route].histogram) ASSERT_EQ(count.load(), 0U);
  }
}

TEST(SegmentWorkerSlot, ThreadsThatClaimAtOnceGetSlotsOfTheirOwn) {
  const TestSegment segment;
  std::mutex mutex;
  std::set<uint32_t> slots;
  std::vector<std::thread> threads;
  for (uint32_t number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      for (uint32_t i = 0; i < kMaxWorkers / 8; ++i) {
        const auto slot = ClaimWorkerSlot(*segment, MakeIdentity(1000 + number, i));
        ASSERT_TRUE(slot.has_value());
        const std::scoped_lock lock(mutex);
        EXPECT_TRUE(slots.insert(*slot).second);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(slots.size(), kMaxWorkers);
  EXPECT_FALSE(ClaimWorkerSlot(*segment, kNobody).has_value());
  std::set<uint64_t> incarnations;
  for (const WorkerSlot& slot : segment->workers) incarnations.insert(slot.incarnation.load());
  EXPECT_EQ(incarnations.size(), kMaxWorkers);
}

TEST(SegmentWorkerSlot, ProcessesThatClaimAtOnceGetSlotsOfTheirOwn) {
  const TestSegment segment;
  const Shared<std::atomic<int>> go;
  std::vector<pid_t> children;
  for (uint32_t number = 0; number < 4; ++number) {
    children.push_back(RunInChild([&, number] {
      while (go->load() == 0) sched_yield();
      for (uint32_t i = 0; i < kMaxWorkers / 4; ++i) {
        const auto slot = ClaimWorkerSlot(*segment, MakeIdentity(1000 + number, 1));
        if (!slot || segment->workers[*slot].owner.load() != MakeIdentity(1000 + number, 1)) {
          _exit(1);
        }
      }
    }));
  }
  go->store(1);
  for (const pid_t child : children) EXPECT_EQ(Await(child), 0);
  std::array<int, 4> claimed{};
  for (const WorkerSlot& slot : segment->workers) ++claimed.at(PidOf(slot.owner.load()) - 1000);
  for (const int count : claimed) EXPECT_EQ(count, static_cast<int>(kMaxWorkers / 4));
}

TEST(SegmentWorkerSlot, BurialFoldsTellsWhatWasLostAndFrees) {
  const TestSegment segment;
  const uint32_t index = *ClaimWorkerSlot(*segment, kNobody);
  FillSlot(*segment, index);
  const Burial burial = BuryWorker(*segment, index, 3'000'000'000);
  EXPECT_EQ(burial.pid, 4'000'000U);
  EXPECT_FALSE(burial.said_goodbye);
  ASSERT_EQ(burial.lost.size(), 1U);
  EXPECT_EQ(burial.lost[0].route, 3U);
  EXPECT_EQ(burial.lost[0].method, HttpMethod::kPost);
  EXPECT_EQ(burial.lost[0].age_ns, 2'000'000'000U);
  ExpectBuried(RetiredTotals(*segment), 1);
  EXPECT_EQ(RetiredTotals(*segment).workers_died, 1U);
  ExpectWiped(segment->workers[index]);
}

TEST(SegmentWorkerSlot, AGoodbyeIsNoDeath) {
  const TestSegment segment;
  const uint32_t index = *ClaimWorkerSlot(*segment, kNobody);
  segment->workers[index].state = static_cast<uint32_t>(WorkerState::kExiting);
  EXPECT_TRUE(BuryWorker(*segment, index, 1).said_goodbye);
  EXPECT_EQ(RetiredTotals(*segment).workers_exited, 1U);
  EXPECT_EQ(RetiredTotals(*segment).workers_died, 0U);
}

TEST(SegmentWorkerSlot, AWorkerThatDiedWhileClaimingLeavesNothing) {
  const TestSegment segment;
  segment->workers[0].owner = kNobody;  // and no incarnation yet
  const Burial burial = BuryWorker(*segment, 0, 1);
  EXPECT_TRUE(burial.lost.empty());
  EXPECT_EQ(RetiredTotals(*segment).workers_died, 0U);
  EXPECT_EQ(ClaimWorkerSlot(*segment, kNobody), 0U);
}

TEST(SegmentWorkerSlot, ManyWorkersOneAfterTheOtherAddUp) {
  const TestSegment segment;
  for (uint64_t times = 1; times <= 20; ++times) {
    const uint32_t index = *ClaimWorkerSlot(*segment, kNobody);
    FillSlot(*segment, index);
    BuryWorker(*segment, index, 2'000'000'000);
    ExpectBuried(RetiredTotals(*segment), times);
  }
}

// What a burial reads and writes, for slot 0 and routes 0 to 3, as it is at this instant.
void CopyState(const Segment& from, Segment* to) {
  auto copy = [](const void* source, void* target, size_t bytes) {
    std::memcpy(target, source, bytes);
  };
  copy(&from.workers[0], &to->workers[0], offsetof(WorkerSlot, routes) + 4 * sizeof(RouteStats));
  for (size_t bank = 0; bank < 2; ++bank) {
    copy(&from.retired[bank], &to->retired[bank],
         offsetof(RetiredBank, routes) + 4 * sizeof(RouteTotals));
  }
  copy(&from.supervisor, &to->supervisor, sizeof(SupervisorBlock));
}

TEST(SegmentWorkerSlot, ABurialCutOffAtAnyInstructionIsDoneOnceByTheNext) {
  const TestSegment live;
  const TestSegment dead;
  // One was buried before, so that both banks hold something.
  ASSERT_EQ(ClaimWorkerSlot(*live, kNobody), 0U);
  FillSlot(*live, 0);
  BuryWorker(*live, 0, 2'000'000'000);
  ASSERT_EQ(ClaimWorkerSlot(*live, kNobody), 0U);
  FillSlot(*live, 0);
  size_t told = 0;
  size_t untold = 0;
  const size_t instructions = ForEachInstruction(
      211, [&] { BuryWorker(*live, 0, 2'000'000'000); },
      [&] {
        if (HasFailure()) return;
        CopyState(*live, &*dead);
        if (dead->workers[0].owner.load() != 0) {
          const Burial burial = BuryWorker(*dead, 0, 2'000'000'000);
          ++(burial.lost.empty() ? untold : told);
        }
        ExpectBuried(RetiredTotals(*dead), 2);
        ExpectWiped(dead->workers[0]);
        // And the next life of the slot starts from nothing, in whichever bank.
        ASSERT_EQ(ClaimWorkerSlot(*dead, kNobody), 0U);
        dead->workers[0].incarnation = 1'000;
        FillSlot(*dead, 0);
        BuryWorker(*dead, 0, 2'000'000'000);
        ExpectBuried(RetiredTotals(*dead), 3);
      });
  if (instructions == 0) GTEST_SKIP() << "no right to trace a child";
  EXPECT_GT(told, 0U);    // cut off before the banks were switched
  EXPECT_GT(untold, 0U);  // and after
}

TEST(SegmentWorkerSlot, BurialsByKilledSupervisorsAddUp) {
  const TestSegment segment;
  std::mt19937 random(3);
  constexpr uint64_t kRounds = 40;
  for (uint64_t times = 1; times <= kRounds; ++times) {
    const uint32_t index = *ClaimWorkerSlot(*segment, kNobody);
    FillSlot(*segment, index);
    for (int attempt = 0; attempt < 3 && segment->workers[index].owner.load() != 0; ++attempt) {
      const Shared<std::atomic<int>> ready;
      const pid_t child = RunInChild([&] {
        ready->store(1);
        BuryWorker(*segment, index, 2'000'000'000);
      });
      while (ready->load() == 0) sched_yield();
      const uint64_t until = MonotonicNs() + random() % 60'000;
      while (MonotonicNs() < until) {
      }
      kill(child, SIGKILL);
      Await(child);
    }
    if (segment->workers[index].owner.load() != 0) BuryWorker(*segment, index, 2'000'000'000);
    ExpectBuried(RetiredTotals(*segment), times);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace stirbar
