// The metric families of load: saturation, queue time, what is refused and why, and whom the app
// calls.
#pragma once

#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// One series each, or one for each criticality.
void WriteLoadMetrics(const Snapshot& snapshot, MetricWriter* metrics);

// One series for each host; the segment holds 128 names at most, further hosts share one.
void WriteHostMetrics(const Sample& sample, MetricWriter* metrics);

}  // namespace stirbar
