#include "probe/pool_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <random>
#include <vector>

namespace stirbar {
namespace {

constexpr uint64_t kMs = 1'000'000;
using Answer = PoolQueue::Answer;
using Grant = PoolWaiter::Grant;
constexpr PoolLane kRequest = PoolLane::kRequest;
constexpr PoolLane kTask = PoolLane::kTask;

class PoolQueueTest : public testing::Test {
 protected:
  PooledConnection& Connect(PoolLane lane = kRequest) {
    EXPECT_EQ(queue_.Take(lane).answer, Answer::kRoom);
    connections_.emplace_back();
    queue_.Connected(connections_.back(), lane);
    return connections_.back();
  }

  PoolWaiter& Wait(PoolLane lane = kRequest) {
    EXPECT_EQ(queue_.Take(lane).answer, Answer::kWait);
    PoolWaiter& waiter = waiters_.emplace_back();
    waiter.lane = lane;
    waiter.since_ns = waiters_.size();
    queue_.Enqueue(waiter);
    return waiter;
  }

  PoolQueue queue_{PoolLimits{.size = 2, .max_overflow = 0}};
  std::list<PooledConnection> connections_;
  std::list<PoolWaiter> waiters_;
};

TEST_F(PoolQueueTest, AReturnedConnectionIsTheOldestWaitersAtOnce) {
  PooledConnection& first = Connect();
  Connect();
  PoolWaiter& older = Wait();
  PoolWaiter& younger = Wait();
  EXPECT_TRUE(queue_.Return(first));
  EXPECT_EQ(older.grant, Grant::kConnection);
  EXPECT_EQ(older.connection, &first);
  EXPECT_EQ(younger.grant, Grant::kNone);
  EXPECT_EQ(queue_.NextGranted(), &older);
  EXPECT_EQ(queue_.NextGranted(), nullptr);
  // Who returned it does not get it back: it waits behind.
  EXPECT_EQ(queue_.Take(kRequest).answer, Answer::kWait);
  EXPECT_EQ(queue_.active(), 2U);
  EXPECT_EQ(queue_.idle(), 0U);
}

TEST_F(PoolQueueTest, AFailedConnectLetsTheNextOneTry) {
  Connect();
  EXPECT_EQ(queue_.Take(kRequest).answer, Answer::kRoom);
  PoolWaiter& waiter = Wait();
  queue_.ConnectFailed(kRequest);
  EXPECT_EQ(waiter.grant, Grant::kRoom);
  EXPECT_EQ(queue_.connecting(), 1U);
  EXPECT_EQ(queue_.total(), 2U);
}

TEST_F(PoolQueueTest, AClosedConnectionIsRoomForAWaiter) {
  PooledConnection& first = Connect();
  Connect();
  PoolWaiter& waiter = Wait();
  queue_.Remove(first);
  EXPECT_EQ(waiter.grant, Grant::kRoom);
}

TEST_F(PoolQueueTest, MoreCapacityIsForWaiters) {
  Connect();
  Connect();
  PoolWaiter& waiter = Wait();
  queue_.SetLimits({.size = 2, .max_overflow = 1});
  EXPECT_EQ(waiter.grant, Grant::kRoom);
}

TEST_F(PoolQueueTest, WhoWithdrawsIsForgotten) {
  PooledConnection& first = Connect();
  Connect();
  PoolWaiter& gone = Wait();
  PoolWaiter& waiter = Wait();
  EXPECT_EQ(queue_.oldest_wait_since_ns(), gone.since_ns);
  EXPECT_TRUE(queue_.Withdraw(gone));
  EXPECT_EQ(queue_.oldest_wait_since_ns(), waiter.since_ns);
  queue_.Return(first);
  EXPECT_EQ(waiter.grant, Grant::kConnection);
  EXPECT_FALSE(queue_.Withdraw(waiter)) << "granted: it is its own to give back";
  EXPECT_EQ(queue_.oldest_wait_since_ns(), 0U);
}

TEST_F(PoolQueueTest, WhoSeesTheGrantBeforeItIsWokenIsNotWoken) {
  PooledConnection& first = Connect();
  PooledConnection& second = Connect();
  PoolWaiter& early = Wait();
  PoolWaiter& other = Wait();
  queue_.Return(first);
  queue_.Return(second);
  EXPECT_FALSE(queue_.Withdraw(early));
  EXPECT_EQ(queue_.NextGranted(), &other);
  EXPECT_EQ(queue_.NextGranted(), nullptr);
}

TEST_F(PoolQueueTest, IdleConnectionsAreGivenInTheOrderAskedFor) {
  PooledConnection& first = Connect();
  PooledConnection& second = Connect();
  queue_.Return(first);
  queue_.Return(second);
  EXPECT_EQ(queue_.Take(kRequest).connection, &first);
  queue_.Return(first);
  queue_.SetLimits({.size = 2, .max_overflow = 0, .lifo = true});
  EXPECT_EQ(queue_.Take(kRequest).connection, &first);
}

TEST_F(PoolQueueTest, OverflowIsClosedUnlessItLingers) {
  queue_.SetLimits({.size = 1, .max_overflow = 1, .lingers = false});
  PooledConnection& first = Connect();
  PooledConnection& second = Connect();
  EXPECT_TRUE(queue_.Return(first));
  EXPECT_FALSE(queue_.Return(second));
  EXPECT_EQ(queue_.active(), 1U) << "until it is closed";
  queue_.Remove(second);
  EXPECT_EQ(queue_.total(), 1U);

  queue_.SetLimits({.size = 1, .max_overflow = 1, .lingers = true});
  PooledConnection& third = *queue_.Take(kRequest).connection;
  PooledConnection& fourth = Connect();
  EXPECT_TRUE(queue_.Return(third));
  EXPECT_TRUE(queue_.Return(fourth));
  EXPECT_EQ(queue_.idle(), 2U);
}

TEST_F(PoolQueueTest, ALoweredLimitHoldsAsConnectionsComeBack) {
  PooledConnection& first = Connect();
  Connect();
  queue_.SetLimits({.size = 1, .max_overflow = 0});
  EXPECT_FALSE(queue_.Return(first));
  queue_.Remove(first);
  EXPECT_EQ(queue_.Take(kRequest).answer, Answer::kWait);
}

TEST_F(PoolQueueTest, UnlimitedPoolsNeverWait) {
  for (const PoolLimits& limits : {PoolLimits{.size = 0, .max_overflow = 3},
                                   PoolLimits{.size = 1, .max_overflow = kUnlimited}}) {
    EXPECT_EQ(CapacityOf(limits), kUnlimited);
    queue_.SetLimits(limits);
    for (int i = 0; i < 100; ++i) Connect(i % 2 == 0 ? kRequest : kTask);
  }
}

TEST_F(PoolQueueTest, TheQueueIsBounded) {
  Connect();
  Connect();
  for (uint32_t i = 0; i < kFewestWaiters; ++i) Wait();
  EXPECT_EQ(queue_.Take(kRequest).answer, Answer::kFull);

  PoolQueue wide(PoolLimits{.size = 8, .max_overflow = 0});
  for (PooledConnection& connection : connections_) connection = {};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(wide.Take(kRequest).answer, Answer::kRoom);
  std::list<PoolWaiter> waiters;
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(wide.Take(kRequest).answer, Answer::kWait);
    wide.Enqueue(waiters.emplace_back());
  }
  EXPECT_EQ(wide.Take(kRequest).answer, Answer::kFull);
}

TEST_F(PoolQueueTest, TasksLeaveATenthButAtLeastOne) {
  EXPECT_EQ(TaskShareOf({.size = 1, .max_overflow = 0}), 1U);
  EXPECT_EQ(TaskShareOf({.size = 2, .max_overflow = 0}), 1U);
  EXPECT_EQ(TaskShareOf({.size = 5, .max_overflow = 0}), 4U);
  EXPECT_EQ(TaskShareOf({.size = 5, .max_overflow = 10}), 13U);
  EXPECT_EQ(TaskShareOf({.size = 40, .max_overflow = 0}), 36U);
  EXPECT_EQ(TaskShareOf({.size = 0, .max_overflow = 0}), kUnlimited);

  Connect(kTask);
  PoolWaiter& task = Wait(kTask);
  Connect(kRequest);
  EXPECT_EQ(task.grant, Grant::kNone);
}

TEST_F(PoolQueueTest, OneConnectionServesBothLanes) {
  queue_.SetLimits({.size = 1, .max_overflow = 0});
  PooledConnection& only = Connect(kTask);
  PoolWaiter& task = Wait(kTask);
  PoolWaiter& request = Wait(kRequest);
  queue_.Return(only);
  EXPECT_EQ(request.grant, Grant::kConnection);
  queue_.Return(only);
  EXPECT_EQ(task.grant, Grant::kConnection);
}

TEST_F(PoolQueueTest, RequestsComeFirstButEveryEighthGrantMayBeATasks) {
  PooledConnection& turning = Connect();
  Connect();
  PoolWaiter& task = Wait(kTask);
  std::vector<PoolWaiter*> requests;
  for (int i = 0; i < 10; ++i) requests.push_back(&Wait(kRequest));
  for (uint32_t i = 0; i + 1 < kTaskTurn; ++i) {
    queue_.Return(turning);
    EXPECT_EQ(requests[i]->grant, Grant::kConnection);
    EXPECT_EQ(task.grant, Grant::kNone);
  }
  queue_.Return(turning);
  EXPECT_EQ(task.grant, Grant::kConnection);
  EXPECT_EQ(requests[kTaskTurn - 1]->grant, Grant::kNone);
}

TEST(WaitDeadline, IsTheEarlierOfPoolAndRequest) {
  EXPECT_EQ(WaitDeadline(1000 * kMs, 0, 0), 0U);
  EXPECT_EQ(WaitDeadline(1000 * kMs, 500 * kMs, 0), 1500 * kMs);
  EXPECT_EQ(WaitDeadline(1000 * kMs, 0, 1300 * kMs), 1250 * kMs);
  EXPECT_EQ(WaitDeadline(1000 * kMs, 500 * kMs, 1300 * kMs), 1250 * kMs);
  EXPECT_EQ(WaitDeadline(1000 * kMs, 200 * kMs, 1300 * kMs), 1200 * kMs);
  EXPECT_EQ(WaitDeadline(1000 * kMs, 200 * kMs, 900 * kMs), 1000 * kMs) << "late: no wait at all";
}

// What is done to a pool in any order, beside lists that say who came when.
class Model {
 public:
  explicit Model(uint32_t seed) : random_(seed) { Reset(); }

  void Step() {
    switch (random_() % 16) {
      case 0:
        return Fail();
      case 1:
        return Remove();
      case 2:
        return Withdraw();
      case 3:
        return random_() % 50 == 0 ? Resize() : Take();
      case 4:
        return Upkeep();
      case 5:
      case 6:
        return Connected();
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
        return Return();
      default:
        return Take();
    }
  }

  void Check() {
    const PoolLimits& limits = queue_.limits();
    size_t active = 0, idle = 0;
    for (const PooledConnection& connection : connections_) {
      active += connection.state == PooledConnection::State::kActive;
      idle += connection.state == PooledConnection::State::kIdle;
    }
    ASSERT_EQ(queue_.active(), active);
    ASSERT_EQ(queue_.idle(), idle);
    ASSERT_EQ(queue_.connecting(), connecting_.size());
    ASSERT_EQ(queue_.total(), active + idle + connecting_.size());
    ASSERT_LE(queue_.total(), std::max(highest_, queue_.capacity()));
    ASSERT_EQ(queue_.waiting(kRequest), waiting_[0].size());
    ASSERT_EQ(queue_.waiting(kTask), waiting_[1].size());
    if (!limits.lingers && limits.size != 0) {
      ASSERT_LE(queue_.idle(), std::max(limits.size, kept_));
    }
    const bool free = queue_.idle() != 0 || queue_.total() < queue_.capacity();
    if (free) {
      ASSERT_TRUE(waiting_[0].empty()) << "a request waits while something is free";
      if (queue_.active() + queue_.connecting() < TaskShareOf(limits)) {
        ASSERT_TRUE(waiting_[1].empty()) << "a task waits while something is free for it";
      }
    }
    ASSERT_LE(InUseBy(kTask), std::max(highest_task_share_, TaskShareOf(limits)));
  }

  uint64_t granted() const { return granted_; }
  uint64_t tasks_granted() const { return tasks_granted_; }

 private:
  void Reset() { queue_.SetLimits({.size = 3, .max_overflow = 4}); }

  // Whoever was granted must be the oldest of the lane.
  void TakeGrants() {
    while (PoolWaiter* const waiter = queue_.NextGranted()) {
      std::deque<PoolWaiter*>& lane = waiting_[static_cast<size_t>(waiter->lane)];
      ASSERT_FALSE(lane.empty());
      ASSERT_EQ(lane.front(), waiter) << "overtaken";
      lane.pop_front();
      ++granted_;
      tasks_granted_ += waiter->lane == kTask;
      if (waiter->grant == Grant::kRoom) {
        connecting_.push_back(waiter->lane);
      } else {
        ASSERT_EQ(waiter->grant, Grant::kConnection);
        ASSERT_EQ(waiter->connection->state, PooledConnection::State::kActive);
        ASSERT_EQ(waiter->connection->lane, waiter->lane);
      }
      waiters_.remove_if([waiter](const PoolWaiter& each) { return &each == waiter; });
    }
  }

  void Take() {
    const PoolLane lane = random_() % 3 == 0 ? kTask : kRequest;
    const PoolQueue::Taken taken = queue_.Take(lane);
    if (taken.answer == Answer::kRoom) connecting_.push_back(lane);
    if (taken.answer == Answer::kConnection || taken.answer == Answer::kRoom) {
      // Nobody of its lane may have been waiting.
      ASSERT_TRUE(waiting_[static_cast<size_t>(lane)].empty()) << "has overtaken";
    }
    if (taken.answer == Answer::kFull) {
      ASSERT_GE(waiting_[0].size() + waiting_[1].size(), kFewestWaiters);
    }
    if (taken.answer == Answer::kWait) {
      PoolWaiter& waiter = waiters_.emplace_back();
      waiter.lane = lane;
      queue_.Enqueue(waiter);
      waiting_[static_cast<size_t>(lane)].push_back(&waiter);
    }
    TakeGrants();
  }

  void Connected() {
    if (connecting_.empty()) return;
    const PoolLane lane = PopConnecting();
    queue_.Connected(connections_.emplace_back(), lane);
    TakeGrants();
  }

  void Fail() {
    if (connecting_.empty()) return;
    queue_.ConnectFailed(PopConnecting());
    TakeGrants();
  }

  void Return() {
    PooledConnection* const connection = Any(PooledConnection::State::kActive);
    if (connection == nullptr) return;
    if (!queue_.Return(*connection)) {
      TakeGrants();
      Forget(connection);
    }
    TakeGrants();
  }

  void Remove() {
    PooledConnection* const connection =
        Any(random_() % 2 == 0 ? PooledConnection::State::kActive : PooledConnection::State::kIdle);
    if (connection != nullptr) Forget(connection);
    TakeGrants();
  }

  void Upkeep() {
    PooledConnection* const connection = Any(PooledConnection::State::kIdle);
    if (connection != nullptr) queue_.TakeIdle(*connection);
  }

  void Withdraw() {
    if (waiters_.empty()) return;
    auto at = waiters_.begin();
    std::advance(at, random_() % waiters_.size());
    std::deque<PoolWaiter*>& lane = waiting_[static_cast<size_t>(at->lane)];
    ASSERT_TRUE(queue_.Withdraw(*at));
    lane.erase(std::find(lane.begin(), lane.end(), &*at));
    waiters_.erase(at);
  }

  void Resize() {
    // What was allowed before may stay until it comes back.
    highest_ = queue_.total();
    highest_task_share_ = InUseBy(kTask);
    kept_ = queue_.idle();
    queue_.SetLimits({.size = 1 + static_cast<uint32_t>(random_() % 8),
                      .max_overflow = static_cast<uint32_t>(random_() % 6),
                      .lifo = random_() % 2 == 0,
                      .lingers = random_() % 2 == 0});
    TakeGrants();
  }

  void Forget(PooledConnection* connection) {
    queue_.Remove(*connection);
    connections_.remove_if(
        [connection](const PooledConnection& each) { return &each == connection; });
  }

  PooledConnection* Any(PooledConnection::State state) {
    std::vector<PooledConnection*> found;
    for (PooledConnection& connection : connections_) {
      if (connection.state == state) found.push_back(&connection);
    }
    return found.empty() ? nullptr : found[random_() % found.size()];
  }

  PoolLane PopConnecting() {
    const size_t index = random_() % connecting_.size();
    const PoolLane lane = connecting_[index];
    connecting_.erase(connecting_.begin() + static_cast<long>(index));
    return lane;
  }

  uint32_t InUseBy(PoolLane lane) const {
    uint32_t found = 0;
    for (const PoolLane each : connecting_) found += each == lane;
    for (const PooledConnection& connection : connections_) {
      found += connection.state == PooledConnection::State::kActive && connection.lane == lane;
    }
    return found;
  }

  std::minstd_rand random_;
  PoolQueue queue_{PoolLimits{}};
  std::list<PooledConnection> connections_;
  std::list<PoolWaiter> waiters_;
  std::array<std::deque<PoolWaiter*>, kPoolLanes> waiting_;
  std::vector<PoolLane> connecting_;
  uint32_t highest_ = 0;
  uint32_t highest_task_share_ = 0;
  uint32_t kept_ = 0;
  uint64_t granted_ = 0;
  uint64_t tasks_granted_ = 0;
};

// R-POOL-4: idle + active + connecting = total, nobody overtaken, nobody stranded.
TEST(PoolQueueModel, HoldsInAHundredThousandRandomOperations) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    Model model(seed);
    for (int i = 0; i < 25'000; ++i) {
      model.Step();
      model.Check();
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", operation " << i;
    }
    EXPECT_GT(model.granted(), 1000U) << "the model has hardly made anybody wait";
    EXPECT_GT(model.tasks_granted(), 50U);
  }
}

}  // namespace
}  // namespace stirbar
