// What was done to the app, and its caches, for Prometheus.
#pragma once

#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

void WriteActionMetrics(const Sample& sample, MetricWriter* metrics);

}  // namespace stirbar
