// The bucket boundaries of every duration histogram: log-linear, as in HdrHistogram.
//
//   bucket 0                 below 64 us
//   octave o = 0..19         64 us * 2^o .. 64 us * 2^(o+1), cut into 8 equal parts
//   last bucket              67 s and more
//
// Eight parts an octave bound the error of a percentile to 1/16 of its value (half a bucket). Below
// 64 us no Flask request ends (an empty one takes about 30 us in CPython, but its queue does not);
// above 67 s one number is as bad as another.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace stirbar {

inline constexpr size_t kHistogramBuckets = 162;
inline constexpr uint64_t kHistogramFloorNs = 1U << 16U;  // 65.5 us: a power of two, for the shift
inline constexpr uint64_t kHistogramOctaves = 20;
inline constexpr uint64_t kHistogramParts = 8;

// The bucket of a duration. Time: a few instructions, no branch on the common path but two.
inline constexpr size_t HistogramBucket(uint64_t duration_ns) noexcept {
  if (duration_ns < kHistogramFloorNs) return 0;
  const auto octave = static_cast<uint64_t>(std::bit_width(duration_ns)) - 17U;
  if (octave >= kHistogramOctaves) return kHistogramBuckets - 1;
  const uint64_t part = (duration_ns >> (octave + 13U)) & (kHistogramParts - 1U);
  return 1 + octave * kHistogramParts + part;
}

// The smallest duration that falls into `bucket`.
inline constexpr uint64_t HistogramLowerNs(size_t bucket) noexcept {
  if (bucket == 0) return 0;
  const uint64_t octave = (bucket - 1) / kHistogramParts;
  const uint64_t part = (bucket - 1) % kHistogramParts;
  return (kHistogramFloorNs << octave) + part * ((kHistogramFloorNs << octave) / kHistogramParts);
}

// The smallest duration that lies above `bucket`; for the last one, twice its lower bound.
inline constexpr uint64_t HistogramUpperNs(size_t bucket) noexcept {
  return bucket + 1 < kHistogramBuckets ? HistogramLowerNs(bucket + 1)
                                        : 2 * HistogramLowerNs(bucket);
}

using HistogramCounts = std::array<uint64_t, kHistogramBuckets>;

// The duration below which the share `quantile` (0..1) of the counted ones lie, interpolated within
// the bucket; 0 where nothing is counted.
inline constexpr uint64_t HistogramQuantileNs(const HistogramCounts& counts,
                                              double quantile) noexcept {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  if (total == 0) return 0;
  const double rank = quantile * static_cast<double>(total);
  double below = 0;
  for (size_t bucket = 0; bucket < counts.size(); ++bucket) {
    const auto count = static_cast<double>(counts[bucket]);
    if (count > 0 && below + count >= rank) {
      const auto lower = static_cast<double>(HistogramLowerNs(bucket));
      const auto upper = static_cast<double>(HistogramUpperNs(bucket));
      return static_cast<uint64_t>(lower + (upper - lower) * ((rank - below) / count));
    }
    below += count;
  }
  return HistogramLowerNs(kHistogramBuckets - 1);
}

}  // namespace stirbar
