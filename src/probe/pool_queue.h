// Who gets a connection of a pool, and who waits: the decisions alone, without connections, clocks
// or Python.
//
//   Take() ──kConnection──────────▶ active ──Return()──▶ idle, or at once the next waiter's
//          ──kRoom──▶ connecting ──Connected()──▶ active ──Remove()──▶ gone: room for the next
//                                ──ConnectFailed()──▶ room for the next waiter
//          ──kWait──▶ Enqueue() … granted by whoever returns, removes or fails
//
// Waiters are served oldest first and never overtaken within their lane: what becomes free is given
// to a waiter in the same step, so that nothing is free while somebody may have it. (SQLAlchemy's
// QueuePool lets the returning thread take it again before the woken waiter runs: sqlalchemy #7679.
// And it wakes nobody when a connect fails.)
//
// Two lanes. Tasks leave the last tenth of the capacity, at least one connection, to requests; of a
// pool of one connection they may have that one. Requests come first, but every eighth grant may be
// a task's, so that a stream of requests cannot starve them. Where there are no requests at all,
// everybody goes by the request lane.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "segment/pool_layout.h"

namespace stirbar {

inline constexpr uint32_t kUnlimited = UINT32_MAX;
// Waiters for each connection of the capacity. A queue four times as long as the pool is wide takes
// four holds to get through; who comes after that would wait for an answer that nobody waits for.
inline constexpr uint32_t kWaitersPerConnection = 4;
// But so many always may wait: of a pool of one connection, four are soon there by chance.
inline constexpr uint32_t kFewestWaiters = 16;
// One grant of so many may be a task's while requests wait.
inline constexpr uint32_t kTaskTurn = 8;

// A connection of the pool. Its links and its state are the queue's; it must stay where it is.
struct PooledConnection {
  enum class State : uint8_t { kOut, kIdle, kActive };  // kOut: not (or no longer) of the pool
  State state = State::kOut;
  PoolLane lane = PoolLane::kRequest;  // that holds it
  PooledConnection* previous = nullptr;
  PooledConnection* next = nullptr;
};

// One that waits. Must stay where it is until it is granted or withdrawn.
struct PoolWaiter {
  enum class Grant : uint8_t { kNone, kConnection, kRoom };
  PoolLane lane = PoolLane::kRequest;
  uint64_t since_ns = 0;
  Grant grant = Grant::kNone;
  bool told = false;                       // it is the caller's of NextGranted() to wake it
  PooledConnection* connection = nullptr;  // of Grant::kConnection
  PoolWaiter* previous = nullptr;
  PoolWaiter* next = nullptr;
};

struct PoolLimits {
  uint32_t size = 5;           // 0: unlimited
  uint32_t max_overflow = 10;  // kUnlimited: that
  bool lifo = false;           // the idle connection used last is given first
  bool lingers = true;         // idle connections beyond `size` are kept for a while
};

// Connections at once; kUnlimited: any number.
uint32_t CapacityOf(const PoolLimits& limits) noexcept;
// Of these, how many may be in use for a task to be given another one.
uint32_t TaskShareOf(const PoolLimits& limits) noexcept;

// Until when a checkout may wait: its pool's time-out, or what is left of the request's time less
// 50 ms to answer in. `timeout_ns`, `request_deadline_ns`: 0 for none. Returns 0: for ever.
uint64_t WaitDeadline(uint64_t now_ns, uint64_t timeout_ns, uint64_t request_deadline_ns) noexcept;

// Threads: one at a time; the pools of Python hold the interpreter lock. Time: constant, no
// allocation. Owns: nothing.
class PoolQueue {
 public:
  explicit PoolQueue(const PoolLimits& limits) noexcept { SetLimits(limits); }

  // May grant, as all of the functions below that say so: ask NextGranted() after it.
  void SetLimits(const PoolLimits& limits) noexcept;
  const PoolLimits& limits() const { return limits_; }
  uint32_t capacity() const { return capacity_; }

  enum class Answer : uint8_t { kConnection, kRoom, kWait, kFull };
  struct Taken {
    Answer answer = Answer::kWait;
    PooledConnection* connection = nullptr;
  };
  // A connection that is active now; room to connect one; or neither, and nothing has changed:
  // wait, or, where too many wait already, do not. May grant (a task whose turn has come).
  Taken Take(PoolLane lane) noexcept;
  // Precondition: Take() for its lane said kWait, and nothing has happened since.
  void Enqueue(PoolWaiter& waiter) noexcept;
  // It waits no longer, and may be freed: false when it has been granted before, which is then its
  // own to use or to give back.
  bool Withdraw(PoolWaiter& waiter) noexcept;

  // Room was used: `connection` is active.
  void Connected(PooledConnection& connection, PoolLane lane) noexcept;
  // Room was not used. Grants.
  void ConnectFailed(PoolLane lane) noexcept;
  // From active to idle or to a waiter: true. False: there are enough idle ones; it is active
  // still, and to be closed and removed. Grants.
  bool Return(PooledConnection& connection) noexcept;
  // Idle or active, it is no longer of the pool. Grants.
  void Remove(PooledConnection& connection) noexcept;
  // One idle connection becomes active, for upkeep.
  void TakeIdle(PooledConnection& connection) noexcept;

  // The next waiter that was granted and is to be woken, or null.
  PoolWaiter* NextGranted() noexcept;

  // All connections and waiters are another process's. Those that were here stay as they are.
  void Forget() noexcept;

  uint32_t idle() const { return idle_; }
  uint32_t active() const { return active_; }
  uint32_t connecting() const { return connecting_; }
  uint32_t total() const { return idle_ + active_ + connecting_; }
  uint32_t waiting(PoolLane lane) const { return lanes_[Index(lane)].waiting; }
  uint32_t waiting() const { return lanes_[0].waiting + lanes_[1].waiting; }
  // Of the oldest waiter; 0: nobody waits.
  uint64_t oldest_wait_since_ns() const noexcept;
  // The idle connection that was returned longest ago; follow `next`.
  PooledConnection* oldest_idle() const { return idle_head_; }
  // The fewest that were idle since the call before.
  uint32_t TakeLowestIdle() noexcept {
    const uint32_t lowest = lowest_idle_;
    lowest_idle_ = idle_;
    return lowest;
  }

 private:
  struct Lane {
    uint32_t waiting = 0;
    uint32_t in_use = 0;  // active and connecting ones that it holds
    PoolWaiter* head = nullptr;
    PoolWaiter* tail = nullptr;
  };

  static constexpr size_t Index(PoolLane lane) { return static_cast<size_t>(lane); }
  Lane& LaneOf(PoolLane lane) { return lanes_[Index(lane)]; }
  const Lane& tasks() const { return lanes_[Index(PoolLane::kTask)]; }
  bool HasFree() const { return idle_head_ != nullptr || total() < capacity_; }
  bool TaskMayHaveOne() const noexcept;
  bool TaskHasItsTurn() const noexcept;
  PooledConnection* UseIdle(PoolLane lane) noexcept;
  void PushIdle(PooledConnection& connection) noexcept;
  void UnlinkIdle(PooledConnection& connection) noexcept;
  void Unlink(PoolWaiter& waiter) noexcept;
  void CountGrant(PoolLane lane) noexcept;
  PoolWaiter* NextInLine() noexcept;
  void GrantWhatIsFree() noexcept;

  PoolLimits limits_;
  uint32_t capacity_ = 0;
  uint32_t task_share_ = 0;
  uint32_t idle_ = 0;
  uint32_t lowest_idle_ = 0;
  uint32_t active_ = 0;
  uint32_t connecting_ = 0;
  uint32_t requests_served_ = 0;  // since a task was, while one waits
  std::array<Lane, kPoolLanes> lanes_;
  PooledConnection* idle_head_ = nullptr;
  PooledConnection* idle_tail_ = nullptr;
  PoolWaiter* granted_head_ = nullptr;
  PoolWaiter* granted_tail_ = nullptr;
};

}  // namespace stirbar
