// The metric families that have one series a worker slot in use.
#pragma once

#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Counters of a slot begin anew when another worker takes it, which rate() expects of a counter.
void WriteWorkerMetrics(const Snapshot& snapshot, MetricWriter* metrics);

}  // namespace stirbar
