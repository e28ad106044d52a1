// A histogram of durations in the form that Prometheus reads.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/histogram.h"
#include "supervisor/publish/metric_writer.h"

namespace stirbar {

// Buckets of an octave each from 0.52 ms to 17 s: below that there are no Flask requests to tell
// apart. What tools outside get, in whatever format.
inline constexpr size_t kHistogramBounds = 16;
// The upper bound of bucket `index`; the bucket after the last of them has none.
double HistogramBoundSeconds(size_t index);
using CoarseCounts = std::array<uint64_t, kHistogramBounds + 1>;
CoarseCounts Coarse(const HistogramCounts& histogram);

// The samples of the family begun last: those buckets, `_sum` and `_count`. `labels`: as
// MetricLabel gives them, or empty.
void WriteHistogram(const HistogramCounts& histogram, double sum_seconds, const std::string& labels,
                    MetricWriter* metrics);

}  // namespace stirbar
