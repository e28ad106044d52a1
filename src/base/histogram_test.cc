#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace stirbar {
namespace {

TEST(Histogram, BoundariesAreMonotoneAndWithoutGaps) {
  EXPECT_EQ(HistogramLowerNs(0), 0U);
  EXPECT_EQ(HistogramUpperNs(0), kHistogramFloorNs);
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    EXPECT_LT(HistogramLowerNs(bucket), HistogramUpperNs(bucket)) << bucket;
    if (bucket == 0) continue;
    EXPECT_EQ(HistogramLowerNs(bucket), HistogramUpperNs(bucket - 1)) << bucket;
  }
}

TEST(Histogram, BoundariesFallIntoTheirBucket) {
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    EXPECT_EQ(HistogramBucket(HistogramLowerNs(bucket)), bucket);
    EXPECT_EQ(HistogramBucket(HistogramUpperNs(bucket) - 1), bucket);
  }
  EXPECT_EQ(HistogramBucket(UINT64_MAX), kHistogramBuckets - 1);
}

TEST(Histogram, EveryDurationFallsIntoItsBucket) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(0, 40);
  for (int i = 0; i < 100'000; ++i) {
    const auto duration_ns = static_cast<uint64_t>(std::exp2(exponent(random)));
    const size_t bucket = HistogramBucket(duration_ns);
    ASSERT_LT(bucket, kHistogramBuckets);
    ASSERT_GE(duration_ns, HistogramLowerNs(bucket));
    if (bucket + 1 < kHistogramBuckets) {
      ASSERT_LT(duration_ns, HistogramUpperNs(bucket));
    }
  }
}

// The middle of a bucket lies within 1/16 of every duration in it.
TEST(Histogram, MiddleOfABucketIsRightToASixteenth) {
  for (size_t bucket = 1; bucket + 1 < kHistogramBuckets; ++bucket) {
    const auto lower = static_cast<double>(HistogramLowerNs(bucket));
    const auto upper = static_cast<double>(HistogramUpperNs(bucket));
    EXPECT_LE((upper - lower) / 2, lower / 16) << bucket;
  }
}

// With many requests around it, a percentile is interpolated and so within half a bucket too.
TEST(Histogram, QuantilesOfASpreadAreRightToASixteenth) {
  std::mt19937_64 random(2);
  std::lognormal_distribution<double> milliseconds(std::log(20), 1);
  std::vector<uint64_t> durations;
  HistogramCounts counts{};
  for (int i = 0; i < 50'000; ++i) {
    durations.push_back(static_cast<uint64_t>(milliseconds(random) * 1e6));
    ++counts[HistogramBucket(durations.back())];
  }
  std::sort(durations.begin(), durations.end());
  for (const double quantile : {0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999}) {
    const auto rank = static_cast<size_t>(quantile * static_cast<double>(durations.size()));
    const auto exact = static_cast<double>(durations[rank]);
    const auto estimate = static_cast<double>(HistogramQuantileNs(counts, quantile));
    EXPECT_NEAR(estimate, exact, exact / 16) << quantile;
  }
}

TEST(Histogram, QuantilesOfNothingAndOfTheEdges) {
  HistogramCounts counts{};
  EXPECT_EQ(HistogramQuantileNs(counts, 0.5), 0U);
  counts[40] = 3;
  EXPECT_EQ(HistogramQuantileNs(counts, 0), HistogramLowerNs(40));
  EXPECT_EQ(HistogramQuantileNs(counts, 1), HistogramUpperNs(40));
  counts[kHistogramBuckets - 1] = 1;
  EXPECT_EQ(HistogramQuantileNs(counts, 1), HistogramUpperNs(kHistogramBuckets - 1));
}

}  // namespace
}  // namespace stirbar
