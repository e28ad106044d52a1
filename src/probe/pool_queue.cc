#include "probe/pool_queue.h"

#include <algorithm>

namespace stirbar {

namespace {

// Time that a request keeps for its answer when it waits for a connection.
constexpr uint64_t kAnswerNs = 50'000'000;

}  // namespace

uint32_t CapacityOf(const PoolLimits& limits) noexcept {
  if (limits.size == 0 || limits.max_overflow == kUnlimited) return kUnlimited;
  return std::max(1U, limits.size + std::min(limits.max_overflow, kUnlimited - 1 - limits.size));
}

uint32_t TaskShareOf(const PoolLimits& limits) noexcept {
  const uint32_t capacity = CapacityOf(limits);
  if (capacity == kUnlimited) return kUnlimited;
  const uint32_t tenth = capacity / 10 + (capacity % 10 != 0 ? 1 : 0);
  return std::max(1U, capacity - tenth);
}

uint64_t WaitDeadline(uint64_t now_ns, uint64_t timeout_ns, uint64_t request_deadline_ns) noexcept {
  const uint64_t by_pool = timeout_ns != 0 ? now_ns + timeout_ns : 0;
  if (request_deadline_ns == 0) return by_pool;
  const uint64_t by_request = std::max(now_ns + kAnswerNs, request_deadline_ns) - kAnswerNs;
  return by_pool != 0 ? std::min(by_pool, by_request) : by_request;
}

void PoolQueue::SetLimits(const PoolLimits& limits) noexcept {
  limits_ = limits;
  capacity_ = CapacityOf(limits);
  task_share_ = TaskShareOf(limits);
  GrantWhatIsFree();
}

PoolQueue::Taken PoolQueue::Take(PoolLane lane) noexcept {
  const bool may = lane == PoolLane::kRequest ? HasFree() : TaskMayHaveOne();
  if (!may) [[unlikely]] {
    const bool full = waiting() >= kFewestWaiters && waiting() / kWaitersPerConnection >= capacity_;
    return {full ? Answer::kFull : Answer::kWait, nullptr};
  }
  CountGrant(lane);
  Taken taken;
  if (idle_head_ != nullptr) [[likely]] {
    taken = {Answer::kConnection, UseIdle(lane)};
  } else {
    ++connecting_;
    ++LaneOf(lane).in_use;
    taken = {Answer::kRoom, nullptr};
  }
  if (tasks().waiting != 0) [[unlikely]] {
    GrantWhatIsFree();
  }
  return taken;
}

void PoolQueue::Enqueue(PoolWaiter& waiter) noexcept {
  Lane& lane = LaneOf(waiter.lane);
  waiter.previous = lane.tail;
  waiter.next = nullptr;
  (lane.tail != nullptr ? lane.tail->next : lane.head) = &waiter;
  lane.tail = &waiter;
  ++lane.waiting;
}

bool PoolQueue::Withdraw(PoolWaiter& waiter) noexcept {
  if (waiter.grant == PoolWaiter::Grant::kNone) {
    Unlink(waiter);
    return true;
  }
  if (!waiter.told) {  // it has seen the grant before it was woken
    (waiter.previous != nullptr ? waiter.previous->next : granted_head_) = waiter.next;
    (waiter.next != nullptr ? waiter.next->previous : granted_tail_) = waiter.previous;
    waiter.told = true;
  }
  return false;
}

void PoolQueue::Connected(PooledConnection& connection, PoolLane lane) noexcept {
  --connecting_;
  ++active_;
  connection.state = PooledConnection::State::kActive;
  connection.lane = lane;
}

void PoolQueue::ConnectFailed(PoolLane lane) noexcept {
  --connecting_;
  --LaneOf(lane).in_use;
  GrantWhatIsFree();
}

bool PoolQueue::Return(PooledConnection& connection) noexcept {
  if (total() > capacity_) return false;  // the limits were lowered
  const PoolLane lane = connection.lane;
  --active_;
  --LaneOf(lane).in_use;
  PushIdle(connection);
  if (waiting() != 0) GrantWhatIsFree();
  const bool surplus = connection.state == PooledConnection::State::kIdle && !limits_.lingers &&
                       limits_.size != 0 && idle_ > limits_.size;
  if (!surplus) return true;
  TakeIdle(connection);
  return false;
}

void PoolQueue::Remove(PooledConnection& connection) noexcept {
  if (connection.state == PooledConnection::State::kIdle) {
    UnlinkIdle(connection);
  } else if (connection.state == PooledConnection::State::kActive) {
    --active_;
    --LaneOf(connection.lane).in_use;
  }
  connection.state = PooledConnection::State::kOut;
  GrantWhatIsFree();
}

void PoolQueue::TakeIdle(PooledConnection& connection) noexcept {
  UnlinkIdle(connection);
  connection.state = PooledConnection::State::kActive;
  connection.lane = PoolLane::kRequest;
  ++active_;
  ++LaneOf(PoolLane::kRequest).in_use;
}

PoolWaiter* PoolQueue::NextGranted() noexcept {
  PoolWaiter* const waiter = granted_head_;
  if (waiter == nullptr) return nullptr;
  granted_head_ = waiter->next;
  (granted_head_ != nullptr ? granted_head_->previous : granted_tail_) = nullptr;
  waiter->next = nullptr;
  waiter->told = true;
  return waiter;
}

void PoolQueue::Forget() noexcept {
  idle_ = lowest_idle_ = active_ = connecting_ = requests_served_ = 0;
  lanes_ = {};
  idle_head_ = idle_tail_ = nullptr;
  granted_head_ = granted_tail_ = nullptr;
}

uint64_t PoolQueue::oldest_wait_since_ns() const noexcept {
  uint64_t oldest = 0;
  for (const Lane& lane : lanes_) {
    if (lane.head == nullptr) continue;
    oldest = oldest == 0 ? lane.head->since_ns : std::min(oldest, lane.head->since_ns);
  }
  return oldest;
}

bool PoolQueue::TaskMayHaveOne() const noexcept {
  return HasFree() && active_ + connecting_ < task_share_;
}

bool PoolQueue::TaskHasItsTurn() const noexcept {
  return tasks().head != nullptr && requests_served_ + 1 >= kTaskTurn &&
         tasks().in_use < task_share_;
}

PooledConnection* PoolQueue::UseIdle(PoolLane lane) noexcept {
  PooledConnection* const connection = limits_.lifo ? idle_tail_ : idle_head_;
  UnlinkIdle(*connection);
  connection->state = PooledConnection::State::kActive;
  connection->lane = lane;
  ++active_;
  ++LaneOf(lane).in_use;
  return connection;
}

void PoolQueue::PushIdle(PooledConnection& connection) noexcept {
  connection.state = PooledConnection::State::kIdle;
  connection.previous = idle_tail_;
  connection.next = nullptr;
  (idle_tail_ != nullptr ? idle_tail_->next : idle_head_) = &connection;
  idle_tail_ = &connection;
  ++idle_;
}

void PoolQueue::UnlinkIdle(PooledConnection& connection) noexcept {
  (connection.previous != nullptr ? connection.previous->next : idle_head_) = connection.next;
  (connection.next != nullptr ? connection.next->previous : idle_tail_) = connection.previous;
  connection.previous = connection.next = nullptr;
  --idle_;
  lowest_idle_ = std::min(lowest_idle_, idle_);
}

void PoolQueue::Unlink(PoolWaiter& waiter) noexcept {
  Lane& lane = LaneOf(waiter.lane);
  (waiter.previous != nullptr ? waiter.previous->next : lane.head) = waiter.next;
  (waiter.next != nullptr ? waiter.next->previous : lane.tail) = waiter.previous;
  waiter.previous = waiter.next = nullptr;
  --lane.waiting;
}

void PoolQueue::CountGrant(PoolLane lane) noexcept {
  const bool counts = lane == PoolLane::kRequest && tasks().head != nullptr;
  requests_served_ = counts ? requests_served_ + 1 : 0;
}

PoolWaiter* PoolQueue::NextInLine() noexcept {
  if (TaskHasItsTurn()) return tasks().head;
  PoolWaiter* const request = LaneOf(PoolLane::kRequest).head;
  if (request != nullptr) return request;
  return TaskMayHaveOne() ? tasks().head : nullptr;
}

void PoolQueue::GrantWhatIsFree() noexcept {
  while (HasFree()) {
    PoolWaiter* const waiter = NextInLine();
    if (waiter == nullptr) return;
    CountGrant(waiter->lane);
    Unlink(*waiter);
    if (idle_head_ != nullptr) {
      waiter->grant = PoolWaiter::Grant::kConnection;
      waiter->connection = UseIdle(waiter->lane);
    } else {
      waiter->grant = PoolWaiter::Grant::kRoom;
      ++connecting_;
      ++LaneOf(waiter->lane).in_use;
    }
    waiter->previous = granted_tail_;
    (granted_tail_ != nullptr ? granted_tail_->next : granted_head_) = waiter;
    granted_tail_ = waiter;
  }
}

}  // namespace stirbar
