#include "probe/cache_counters.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "segment/shared_words.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

struct Cache {
  std::atomic<uint32_t> counted{0};
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> misses{0};
  std::atomic<uint64_t> evictions{0};
  std::atomic<uint64_t> entries{UINT64_MAX};
  char name[sizeof(CacheStats::name)] = {};
};

std::array<Cache, kMaxCaches> g_caches;
// Entries below it are named. Release/acquire: the beat thread reads names without the lock.
std::atomic<uint32_t> g_count{0};

void Publish(const Cache& cache, CacheStats* shared) {
  shared->hits.store(cache.hits.load(kRelaxed), kRelaxed);
  shared->misses.store(cache.misses.load(kRelaxed), kRelaxed);
  shared->evictions.store(cache.evictions.load(kRelaxed), kRelaxed);
  shared->entries.store(cache.entries.load(kRelaxed), kRelaxed);
  shared->counted.store(cache.counted.load(kRelaxed), kRelaxed);
  if (shared->used.load(kRelaxed) == 1) return;
  StoreShared(shared->name, cache.name, sizeof shared->name);
  shared->used.store(1, std::memory_order_release);
}

}  // namespace

uint32_t AddCache(const char* name) noexcept {
  const uint32_t count = g_count.load(kRelaxed);
  for (uint32_t i = 0; i < count; ++i) {
    if (std::strncmp(g_caches[i].name, name, sizeof(Cache::name) - 1) == 0) return i;
  }
  if (count == kMaxCaches) return kMaxCaches;
  const size_t length = std::min(std::strlen(name), sizeof(Cache::name) - 1);
  std::memcpy(g_caches[count].name, name, length);
  g_count.store(count + 1, std::memory_order_release);
  return count;
}

void CountHit(uint32_t cache) noexcept {
  if (cache >= kMaxCaches) return;
  g_caches[cache].hits.fetch_add(1, kRelaxed);
  g_caches[cache].counted.store(1, kRelaxed);
}

void CountMiss(uint32_t cache) noexcept {
  if (cache >= kMaxCaches) return;
  g_caches[cache].misses.fetch_add(1, kRelaxed);
  g_caches[cache].counted.store(1, kRelaxed);
}

void CountEvictions(uint32_t cache, uint64_t entries) noexcept {
  if (cache < kMaxCaches) g_caches[cache].evictions.fetch_add(entries, kRelaxed);
}

void SetCacheTotals(uint32_t cache, uint64_t hits, uint64_t misses) noexcept {
  if (cache >= kMaxCaches) return;
  g_caches[cache].hits.store(hits, kRelaxed);
  g_caches[cache].misses.store(misses, kRelaxed);
  g_caches[cache].counted.store(1, kRelaxed);
}

void SetCacheEntries(uint32_t cache, uint64_t entries) noexcept {
  if (cache < kMaxCaches) g_caches[cache].entries.store(entries, kRelaxed);
}

CacheCounts CountsOf(uint32_t cache) noexcept {
  if (cache >= kMaxCaches) return {};
  const Cache& row = g_caches[cache];
  return {row.hits.load(kRelaxed), row.misses.load(kRelaxed), row.evictions.load(kRelaxed)};
}

void PublishCaches(WorkerCaches* shared) noexcept {
  const uint32_t count = g_count.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < count; ++i) Publish(g_caches[i], &shared->caches[i]);
}

void ForgetCacheCounts() noexcept {
  for (Cache& cache : g_caches) {
    cache.hits.store(0, kRelaxed);
    cache.misses.store(0, kRelaxed);
    cache.evictions.store(0, kRelaxed);
  }
}

}  // namespace stirbar
