// The metrics of alerting itself.
#pragma once

#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

void WriteAlertMetrics(const AlertingSample& alerting, MetricWriter* metrics);

}  // namespace stirbar
