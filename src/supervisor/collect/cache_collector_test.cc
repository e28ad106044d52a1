#include "supervisor/collect/cache_collector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

class CacheCollectorTest : public testing::Test {
 protected:
  CacheCollectorTest() {
    for (const uint32_t slot : {0U, 1U}) {
      WorkerSample& worker = sample_.workers.emplace_back();
      worker.slot = slot;
      worker.incarnation = slot + 1;
      Set(slot, 0, 0);
    }
    Collect();
  }
  void Set(uint32_t slot, uint64_t hits, uint64_t misses) {
    CacheStats& stats = segment_->caches[slot].caches[0];
    std::strcpy(stats.name, "prices");
    stats.hits = hits;
    stats.misses = misses;
    stats.entries = 10;
    stats.counted = 1;
    stats.used = 1;
  }
  void Collect(double seconds_later = 1) {
    tick_.now_ns += static_cast<uint64_t>(seconds_later * 1e9);
    collector_.Collect(tick_, &sample_);
  }
  const CacheSample& cache() { return sample_.caches.at(0); }

  TestSegment segment_;
  CacheCollector collector_{*segment_};
  Sample sample_;
  Tick tick_{1'000'000'000'000, 0, true};
};

TEST_F(CacheCollectorTest, AddsWorkersUp) {
  Set(0, 30, 10);
  Set(1, 30, 30);
  Collect();
  EXPECT_EQ(cache().name, "prices");
  EXPECT_EQ(cache().workers, 2U);
  EXPECT_EQ(cache().hits, 60U);
  EXPECT_EQ(cache().misses, 40U);
  EXPECT_EQ(cache().entries, 20U);
  EXPECT_DOUBLE_EQ(cache().hit_ratio, 0.6);
}

TEST_F(CacheCollectorTest, TheRatioIsOfTheLastMinute) {
  Set(0, 0, 100);
  Collect();
  Collect(80);
  EXPECT_TRUE(std::isnan(cache().hit_ratio));
  Set(0, 50, 100);
  Collect();
  EXPECT_DOUBLE_EQ(cache().hit_ratio, 1);
  EXPECT_EQ(cache().misses, 100U);
}

TEST_F(CacheCollectorTest, WhatADeadWorkerCountedStaysAndItsSuccessorBeginsAnew) {
  Set(0, 30, 10);
  Collect();
  sample_.workers[0].incarnation = 9;
  Set(0, 5, 0);
  Collect();
  EXPECT_EQ(cache().hits, 35U);
  EXPECT_EQ(cache().misses, 10U);
}

TEST_F(CacheCollectorTest, ANewSupervisorDoesNotShowHoursAsAMinute) {
  Set(0, 30'000, 10);
  CacheCollector late(*segment_);
  late.Collect(tick_, &sample_);
  EXPECT_EQ(cache().hits, 0U);
  EXPECT_TRUE(std::isnan(cache().hit_ratio));
}

}  // namespace
}  // namespace stirbar
