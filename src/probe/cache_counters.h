// Hits and misses of the app's caches, counted natively.
//
// The counts are this process's own and outlive a segment that is made anew; the beat thread copies
// them into the segment ten times a second. A worker that is killed takes the newest tenth along.
#pragma once

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

// Registers a cache under `name` (cut at 63 bytes). Returns its index; kMaxCaches: the table is
// full. One of the same name gets the same index: both are counted together. Threads: with the
// interpreter lock held.
uint32_t AddCache(const char* name) noexcept;

// Threads: any. Time: one or two atomic operations. An index out of range counts nothing.
void CountHit(uint32_t cache) noexcept;
void CountMiss(uint32_t cache) noexcept;
void CountEvictions(uint32_t cache, uint64_t entries) noexcept;
// Of a cache that counts by itself: totals, not more of them.
void SetCacheTotals(uint32_t cache, uint64_t hits, uint64_t misses) noexcept;
// UINT64_MAX: not known.
void SetCacheEntries(uint32_t cache, uint64_t entries) noexcept;

struct CacheCounts {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t evictions = 0;
};
CacheCounts CountsOf(uint32_t cache) noexcept;

// For the beat thread. Time: a microsecond.
void PublishCaches(WorkerCaches* shared) noexcept;

// In the child of a fork: what the parent has counted is the parent's.
void ForgetCacheCounts() noexcept;

}  // namespace stirbar
