// The metric families of pools and of database servers: labels pool, and target or server. The
// segment holds 16 pools of four targets each at most; further pools share one.
#pragma once

#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

void WritePoolMetrics(const Sample& sample, MetricWriter* metrics);
void WriteDatabaseMetrics(const Sample& sample, MetricWriter* metrics);

}  // namespace stirbar
