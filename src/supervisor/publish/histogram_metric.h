// A histogram of durations in the form that Prometheus reads.
#pragma once

#include <string>

#include "base/histogram.h"
#include "supervisor/publish/metric_writer.h"

namespace stirbar {

// The samples of the family begun last: buckets of an octave each from 0.52 ms to 17 s, `_sum` and
// `_count`. `labels`: as MetricLabel gives them, or empty.
void WriteHistogram(const HistogramCounts& histogram, double sum_seconds, const std::string& labels,
                    MetricWriter* metrics);

}  // namespace stirbar
