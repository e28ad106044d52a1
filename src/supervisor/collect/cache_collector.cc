#include "supervisor/collect/cache_collector.h"

#include <algorithm>
#include <set>

#include "supervisor/collect/target_name.h"

namespace stirbar {
namespace {

uint64_t Load(const Word& word) { return word.load(std::memory_order_relaxed); }
uint64_t Growth(uint64_t before, uint64_t now) { return now > before ? now - before : 0; }

}  // namespace

void CacheCollector::Collect(const Tick& tick, Sample* sample) {
  const uint64_t part = MinuteRing<Part>::NumberOf(tick.now_ns);
  for (auto& [name, memory] : memory_) {
    if (part != part_) memory.ring.Renew(part_, part);
  }
  part_ = part;
  std::map<std::string, CacheSample> rows;
  std::set<uint64_t> living;
  for (const WorkerSample& worker : sample->workers) {
    if (!worker.alive) continue;
    living.insert(worker.incarnation);
    AddWorker(worker, &rows);
  }
  sample->caches.clear();
  for (auto& [name, memory] : memory_) {
    std::erase_if(memory.workers, [&](const auto& entry) { return !living.contains(entry.first); });
    CacheSample& row = rows[name];
    row.name = name;
    row.hits = memory.totals.hits;
    row.misses = memory.totals.misses;
    row.evictions = memory.totals.evictions;
    uint64_t hits = 0;
    for (const Part& each : memory.ring.parts()) {
      hits += each.hits;
      row.recent_lookups += each.hits + each.misses;
    }
    if (row.recent_lookups > 0) {
      row.hit_ratio = static_cast<double>(hits) / static_cast<double>(row.recent_lookups);
    }
    sample->caches.push_back(row);
  }
  known_ = true;
}

void CacheCollector::AddWorker(const WorkerSample& worker,
                               std::map<std::string, CacheSample>* rows) {
  for (const CacheStats& stats : segment_.caches[worker.slot].caches) {
    if (stats.used.load(std::memory_order_acquire) != 1) continue;
    const std::string name = SharedText(stats.name);
    if (name.empty()) continue;
    CacheSample& row = (*rows)[name];
    ++row.workers;
    row.counted = row.counted || stats.counted.load(std::memory_order_relaxed) == 1;
    if (const uint64_t entries = Load(stats.entries); entries != UINT64_MAX) {
      row.entries = row.entries.value_or(0) + entries;
    }
    Memory& memory = memory_[name];
    const Counts now{Load(stats.hits), Load(stats.misses), Load(stats.evictions)};
    const auto [place, is_new] = memory.workers.try_emplace(worker.incarnation);
    Counts& before = place->second;
    if (is_new && !known_) before = now;
    const uint64_t hits = Growth(before.hits, now.hits);
    const uint64_t misses = Growth(before.misses, now.misses);
    memory.totals.hits += hits;
    memory.totals.misses += misses;
    memory.totals.evictions += Growth(before.evictions, now.evictions);
    memory.ring.At(part_).hits += hits;
    memory.ring.At(part_).misses += misses;
    before = now;
  }
}

}  // namespace stirbar
