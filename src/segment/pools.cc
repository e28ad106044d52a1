#include "segment/pools.h"

#include <algorithm>

namespace stirbar {
namespace {

constexpr int kTries = 8;

// Only what is not zero is written: a page that was never used stays untouched.
void Clear(Word& word) {
  if (word.load(std::memory_order_relaxed) != 0) word.store(0, std::memory_order_relaxed);
}
void Clear(HalfWord& word) {
  if (word.load(std::memory_order_relaxed) != 0) word.store(0, std::memory_order_relaxed);
}

void Wipe(PoolTarget* target) {
  for (HalfWord* word :
       {&target->used, &target->breaker, &target->readonly, &target->connections}) {
    Clear(*word);
  }
  for (Word* word : {&target->open_until_ns, &target->unavailable_since_ns, &target->connects,
                     &target->failures, &target->connect_sum_ns}) {
    Clear(*word);
  }
}

void Wipe(PoolStats* stats) {
  if (stats->used.load(std::memory_order_relaxed) == 0) return;
  for (HalfWord* word : {&stats->fair, &stats->size, &stats->max_overflow, &stats->idle,
                         &stats->active, &stats->connecting, &stats->throttled}) {
    Clear(*word);
  }
  for (Word* word : {&stats->timeout_ns, &stats->lifetime_ns, &stats->oldest_wait_since_ns,
                     &stats->wait_max_ns, &stats->hold_max_ns}) {
    Clear(*word);
  }
  for (HalfWord& count : stats->waiting) Clear(count);
  for (Word& count : stats->counters) Clear(count);
  for (PoolTarget& target : stats->targets) Wipe(&target);
  for (HalfWord& count : stats->wait_histogram) Clear(count);
  // Last: a wipe that is cut off is done again. The fence keeps the compiler from moving it.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  Clear(stats->used);
}

// Acquire: the look at the sequence that ends the reading of a connection stays behind them.
uint32_t Load(const HalfWord& word) { return word.load(std::memory_order_acquire); }
uint64_t Load(const Word& word) { return word.load(std::memory_order_acquire); }

template <typename Enum>
Enum Checked(uint32_t value, Enum last) {
  return value <= static_cast<uint32_t>(last) ? static_cast<Enum>(value) : Enum{};
}

uint32_t Below(uint32_t value, size_t limit, uint32_t otherwise) {
  return value < limit ? value : otherwise;
}

void CopyFields(const Connection& from, ConnectionCopy* to) {
  to->number = Load(from.number);
  to->created_ns = Load(from.created_ns);
  to->since_ns = Load(from.since_ns);
  to->request_started_ns = Load(from.request_started_ns);
  to->pool = Below(Load(from.pool), kMaxPools, kPoolOther);
  to->in_flight = Below(Load(from.in_flight), kMaxInFlight, kMaxInFlight);
  to->route = Below(Load(from.route), kMaxRoutes, kRouteUnknown);
  to->thread = Load(from.thread);
  to->lane = Checked(Load(from.lane), PoolLane::kTask);
  for (size_t i = 0; i < kStackFrames; ++i) {
    to->stack[i] = {Load(from.stack[i].code), Load(from.stack[i].instruction)};
  }
}

}  // namespace

void AddPoolStats(const PoolStats& stats, PoolTotals* totals) {
  if (Load(stats.used) == 0) return;
  for (size_t i = 0; i < kPoolCounters; ++i) totals->counters[i] += Load(stats.counters[i]);
  totals->wait_max_ns = std::max(totals->wait_max_ns, Load(stats.wait_max_ns));
  totals->hold_max_ns = std::max(totals->hold_max_ns, Load(stats.hold_max_ns));
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    totals->wait_histogram[i] += Load(stats.wait_histogram[i]);
  }
}

void AddPoolTotals(const PoolTotals& more, PoolTotals* totals) {
  for (size_t i = 0; i < kPoolCounters; ++i) totals->counters[i] += more.counters[i];
  totals->wait_max_ns = std::max(totals->wait_max_ns, more.wait_max_ns);
  totals->hold_max_ns = std::max(totals->hold_max_ns, more.hold_max_ns);
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    totals->wait_histogram[i] += more.wait_histogram[i];
  }
}

void WipePools(WorkerPools* pools) {
  for (PoolStats& stats : pools->pools) Wipe(&stats);
  for (LeakRecord& leak : pools->leaks) Clear(leak.sequence);
  for (SlowQuery& query : pools->slow_queries) Clear(query.sequence);
  for (Connection& connection : pools->connections) Clear(connection.state);
  Clear(pools->next_leak);
  Clear(pools->next_slow_query);
  Clear(pools->connection_overflow);
}

std::optional<ConnectionCopy> ReadConnection(const Connection& connection) {
  for (int i = 0; i < kTries; ++i) {
    const uint64_t before = connection.sequence.load(std::memory_order_acquire);
    if (before % 2 != 0) continue;
    ConnectionCopy copy;
    copy.state = Checked(Load(connection.state), ConnectionState::kActive);
    if (copy.state == ConnectionState::kFree) return std::nullopt;
    copy.leak = Checked(Load(connection.leak), LeakKind::kCollected);
    copy.transaction_since_ns = Load(connection.transaction_since_ns);
    copy.statements = Load(connection.statements);
    copy.target = Below(Load(connection.target), kMaxTargets, 0);
    CopyFields(connection, &copy);
    if (connection.sequence.load(std::memory_order_relaxed) == before) return copy;
  }
  return std::nullopt;
}

void BeginChange(Connection& connection) noexcept {
  const uint64_t sequence = connection.sequence.load(std::memory_order_relaxed);
  // An exchange, since what follows a plain store may be seen before it: the fields must not be
  // seen changed before the odd number is.
  connection.sequence.exchange(sequence | 1U, std::memory_order_acquire);
}

void EndChange(Connection& connection) noexcept {
  const uint64_t sequence = connection.sequence.load(std::memory_order_relaxed);
  connection.sequence.store((sequence | 1U) + 1, std::memory_order_release);
}

}  // namespace stirbar
