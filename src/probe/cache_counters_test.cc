#include "probe/cache_counters.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

uint64_t Load(const Word& word) { return word.load(std::memory_order_relaxed); }

TEST(CacheCounters, OneNameIsOneCacheAndWhatItCountsGetsToTheSegment) {
  const TestSegment segment;
  const uint32_t cache = AddCache("prices");
  EXPECT_EQ(AddCache("prices"), cache);
  ForgetCacheCounts();
  CountHit(cache);
  CountHit(cache);
  CountMiss(cache);
  CountEvictions(cache, 7);
  SetCacheEntries(cache, 12);
  WorkerCaches& shared = segment->caches[3];
  PublishCaches(&shared);
  const CacheStats& stats = shared.caches[cache];
  EXPECT_EQ(stats.used.load(), 1U);
  EXPECT_EQ(stats.counted.load(), 1U);
  EXPECT_STREQ(stats.name, "prices");
  EXPECT_EQ(Load(stats.hits), 2U);
  EXPECT_EQ(Load(stats.misses), 1U);
  EXPECT_EQ(Load(stats.evictions), 7U);
  EXPECT_EQ(Load(stats.entries), 12U);
  // In the child of a fork: the counts are the parent's, the registration holds.
  ForgetCacheCounts();
  PublishCaches(&shared);
  EXPECT_EQ(Load(stats.hits), 0U);
  EXPECT_STREQ(stats.name, "prices");
}

TEST(CacheCounters, AFullTableAndALongNameHarmNobody) {
  uint32_t last = 0;
  for (size_t i = 0; i < kMaxCaches + 2; ++i) {
    last = AddCache((std::to_string(i) + std::string(100, 'x')).c_str());
  }
  EXPECT_EQ(last, kMaxCaches);
  CountHit(last);
  CountMiss(UINT32_MAX);
  SetCacheTotals(last, 1, 1);
  EXPECT_EQ(CountsOf(last).hits, 0U);
}

// What the request threads and the beat thread do at once.
TEST(CacheCounters, ThreadsCountTogetherWhileTheBeatPublishes) {
  const TestSegment segment;
  const uint32_t cache = AddCache("prices");
  ForgetCacheCounts();
  WorkerCaches& shared = segment->caches[0];
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) CountHit(cache);
    });
  }
  for (int i = 0; i < 100; ++i) PublishCaches(&shared);
  for (std::thread& thread : threads) thread.join();
  PublishCaches(&shared);
  EXPECT_EQ(Load(shared.caches[cache].hits), 40'000U);
}

}  // namespace
}  // namespace stirbar
