// The metrics of metric_table.h from a sample and what was made of it.
#pragma once

#include "supervisor/evaluate/recent_totals.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// `evaluation` has its resources, performance, load and the verdicts of its workers.
MetricValues MetricsOf(const Sample& sample, const Evaluation& evaluation,
                       const RecentTotals& recent);

}  // namespace stirbar
