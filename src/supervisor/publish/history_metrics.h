// The history and where else it goes, for Prometheus.
#pragma once

#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

void WriteHistoryMetrics(const Sample& sample, MetricWriter* metrics);

}  // namespace stirbar
