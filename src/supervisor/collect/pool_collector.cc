#include "supervisor/collect/pool_collector.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "segment/names.h"
#include "segment/pools.h"
#include "segment/worker_slot.h"
#include "supervisor/collect/connection_reader.h"
#include "supervisor/collect/target_name.h"

namespace stirbar {
namespace {

uint32_t Load(const HalfWord& word) { return word.load(std::memory_order_relaxed); }
uint64_t Load(const Word& word) { return word.load(std::memory_order_relaxed); }
double ToSeconds(uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

uint32_t Sum(uint32_t left, uint32_t right) {
  return left > UINT32_MAX - right ? UINT32_MAX : left + right;
}
uint64_t Growth(uint64_t before, uint64_t now) { return now > before ? now - before : 0; }

// Of one worker; 0: unlimited.
uint32_t CapacityOf(uint32_t size, uint32_t max_overflow) {
  return size == 0 || max_overflow == UINT32_MAX ? 0 : Sum(size, max_overflow);
}

// Connections that have come back.
uint64_t ReturnedOf(const PoolSample& row) {
  const uint64_t taken =
      Count(row.totals, PoolCounter::checkouts) + Count(row.totals, PoolCounter::task_checkouts);
  return Growth(row.active, taken);
}

void AddTarget(const Tick& tick, const PoolTarget& shared, PoolSample* row) {
  if (shared.used.load(std::memory_order_acquire) != 1) return;
  const std::string name = NameOfTarget(shared);
  if (name.empty()) return;
  auto place = std::find_if(row->targets.begin(), row->targets.end(),
                            [&](const TargetSample& target) { return target.name == name; });
  if (place == row->targets.end()) {
    place = row->targets.insert(place, TargetSample{});
    place->name = name;
    place->connect_mean_seconds = 0;  // a sum until all are added
  }
  TargetSample& target = *place;
  target.readonly = target.readonly || Load(shared.readonly) == 1;
  target.connections = Sum(target.connections, Load(shared.connections));
  const uint32_t breaker = Load(shared.breaker);
  if (breaker == static_cast<uint32_t>(BreakerState::kOpen) ||
      breaker == static_cast<uint32_t>(BreakerState::kHalfOpen)) {
    ++target.breakers_open;
  }
  target.connects += Load(shared.connects);
  target.failures += Load(shared.failures);
  target.connect_mean_seconds += ToSeconds(Load(shared.connect_sum_ns));
  const std::string error = SharedText(shared.last_error);
  if (const uint64_t since = Load(shared.unavailable_since_ns); since != 0) {
    const double seconds = Seconds(AgeOf(since, tick.now_ns));
    if (seconds >= target.unavailable_seconds) target.last_error = error;
    target.unavailable_seconds = std::max(target.unavailable_seconds, seconds);
  } else if (target.last_error.empty()) {
    target.last_error = error;
  }
}

}  // namespace

void PoolCollector::Collect(const Tick& tick, Sample* sample) {
  const ConstNameTable names = PoolNames(segment_);
  const uint32_t count = UsedEntries(names);
  std::map<std::string, PoolSample> by_name;
  std::map<std::string, uint32_t> fullest;
  const RetiredBank& retired = RetiredTotals(segment_);
  std::vector<uint32_t> slots;
  for (const WorkerSample& worker : sample->workers) {
    // The figures of one that is gone are among the retired ones.
    if (worker.alive && HasPools(segment_, worker.slot)) slots.push_back(worker.slot);
  }
  for (uint32_t pool = 0; pool < count; ++pool) {
    const std::string name(NameOf(names, pool));
    if (name.empty()) continue;
    PoolSample& row = by_name[name];
    if (row.name.empty()) row.id = pool;
    row.name = name;
    AddPoolTotals(retired.pools[pool], &row.totals);
    for (const uint32_t slot : slots) {
      AddWorker(tick, slot, pool, &row);
      uint32_t& most = fullest[name];
      most = std::max(most, Load(segment_.pools[slot].pools[pool].active));
    }
  }
  std::erase_if(memory_, [&](const auto& entry) { return !by_name.contains(entry.first); });
  const uint64_t part = MinuteRing<Part>::NumberOf(tick.now_ns);
  for (auto& [name, memory] : memory_) {
    if (part != part_) memory.ring.Renew(part_, part);
  }
  part_ = part;
  const std::vector<PoolSample> before = std::exchange(sample->pools, {});
  for (auto& [name, row] : by_name) {
    const bool ever = Count(row.totals, PoolCounter::created) > 0 ||
                      Count(row.totals, PoolCounter::connect_failures) > 0 || ReturnedOf(row) > 0;
    if (row.workers == 0 && !ever) continue;
    for (TargetSample& target : row.targets) {
      target.connect_mean_seconds =
          target.connects > 0 ? target.connect_mean_seconds / static_cast<double>(target.connects)
                              : kNotMeasured;
    }
    Remember(tick, row, fullest[name]);
    const auto old = std::find_if(
        before.begin(), before.end(),
        [&pool_name = row.name](const PoolSample& pool) { return pool.name == pool_name; });
    if (!tick.full && old != before.end()) {
      row.wait_recent = old->wait_recent;
      row.wait_p50_seconds = old->wait_p50_seconds;
      row.wait_p95_seconds = old->wait_p95_seconds;
      row.wait_p99_seconds = old->wait_p99_seconds;
      row.hold_mean_seconds = old->hold_mean_seconds;
      row.active_p95 = old->active_p95;
      row.active_max = old->active_max;
    } else {
      Judge(memory_[name], &row);
    }
    sample->pools.push_back(std::move(row));
  }
  known_ = true;
}

void PoolCollector::AddWorker(const Tick& tick, uint32_t slot, uint32_t pool,
                              PoolSample* row) const {
  const PoolStats& stats = segment_.pools[slot].pools[pool];
  if (stats.used.load(std::memory_order_acquire) != 1) return;
  const bool first = row->workers++ == 0;
  row->fair = row->fair && Load(stats.fair) == 1;
  const uint32_t size = Load(stats.size);
  const uint32_t max_overflow = Load(stats.max_overflow);
  row->size = std::max(row->size, size);
  row->max_overflow = std::max(row->max_overflow, max_overflow);
  row->timeout_seconds = std::max(row->timeout_seconds, ToSeconds(Load(stats.timeout_ns)));
  row->lifetime_seconds = std::max(row->lifetime_seconds, ToSeconds(Load(stats.lifetime_ns)));
  const uint32_t capacity = CapacityOf(size, max_overflow);
  const uint32_t active = Load(stats.active);
  const bool limited = capacity > 0 && (first || row->capacity > 0);
  row->capacity = limited ? Sum(row->capacity, capacity) : 0;
  row->idle = Sum(row->idle, Load(stats.idle));
  row->active = Sum(row->active, active);
  row->connecting = Sum(row->connecting, Load(stats.connecting));
  if (Load(stats.throttled) == 1) ++row->throttled;
  for (size_t lane = 0; lane < kPoolLanes; ++lane) {
    row->waiting[lane] = Sum(row->waiting[lane], Load(stats.waiting[lane]));
  }
  if (const uint64_t since = Load(stats.oldest_wait_since_ns); since != 0) {
    row->oldest_wait_seconds =
        std::max(row->oldest_wait_seconds, Seconds(AgeOf(since, tick.now_ns)));
  }
  if (capacity > 0) {
    row->utilisation =
        std::max(row->utilisation, std::min(1.0, active / static_cast<double>(capacity)));
  }
  AddPoolStats(stats, &row->totals);
  for (const PoolTarget& target : stats.targets) AddTarget(tick, target, row);
}

void PoolCollector::Remember(const Tick& tick, const PoolSample& row, uint32_t fullest) {
  const auto [place, is_new] = memory_.try_emplace(row.name);
  Memory& memory = place->second;
  const uint64_t returned = ReturnedOf(row);
  if (known_ || !is_new) {
    Part& filling = memory.ring.At(part_);
    for (size_t i = 0; i < kHistogramBuckets; ++i) {
      // Modulo 2^32, as a worker's bucket: one that begins anew spoils nothing.
      filling.waits[i] +=
          static_cast<uint32_t>(row.totals.wait_histogram[i] - memory.totals.wait_histogram[i]);
    }
    filling.hold_ns +=
        Growth(Count(memory.totals, PoolCounter::hold_ns), Count(row.totals, PoolCounter::hold_ns));
    filling.returned += Growth(memory.returned, returned);
  }
  memory.totals = row.totals;
  memory.returned = returned;
  memory.active.Add(tick.now_ns, fullest);
}

void PoolCollector::Judge(const Memory& memory, PoolSample* row) const {
  uint64_t hold_ns = 0;
  uint64_t returned = 0;
  for (const Part& part : memory.ring.parts()) {
    for (size_t i = 0; i < kHistogramBuckets; ++i) row->wait_recent[i] += part.waits[i];
    hold_ns += part.hold_ns;
    returned += part.returned;
  }
  const HistogramCounts& waits = row->wait_recent;
  if (std::accumulate(waits.begin(), waits.end(), uint64_t{0}) > 0) {
    row->wait_p50_seconds = ToSeconds(HistogramQuantileNs(waits, 0.50));
    row->wait_p95_seconds = ToSeconds(HistogramQuantileNs(waits, 0.95));
    row->wait_p99_seconds = ToSeconds(HistogramQuantileNs(waits, 0.99));
  }
  if (returned > 0) row->hold_mean_seconds = ToSeconds(hold_ns) / static_cast<double>(returned);
  const int64_t p95 = memory.active.P95();
  if (p95 >= 0) row->active_p95 = static_cast<double>(p95);
  row->active_max = memory.active.Max();
}

}  // namespace stirbar
