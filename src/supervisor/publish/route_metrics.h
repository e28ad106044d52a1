// The metric families that have one series a route.
#pragma once

#include <vector>

#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// The histogram's boundaries are 16 of the segment's own 162, one an octave from 0.52 ms to 17 s,
// so that the cumulative counts are exact. (A duration that equals a boundary to the nanosecond is
// counted above it; Prometheus' `le` would have it below.)
void WriteRouteMetrics(const Sample& sample, MetricWriter* metrics);

}  // namespace stirbar
