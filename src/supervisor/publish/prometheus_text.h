// GET /metrics: the snapshot as Prometheus text 0.0.4 or OpenMetrics 1.0.
//
// * Base units; names begin with `stirbar_`. What is not measured has no series.
// * Workers are labelled by slot, never by pid, and only living ones have series: the size of a
//   scrape depends on routes and slots in use, not on how many workers have died (B11).
//   Totals of the dead are part of the per-route counters.
// * Routes are labelled by url_rule, never by path; all unmatched ones are one route.
// * Enumerations (worker state, health) are one gauge a value, 1 for the one that holds, labelled
//   `state` or `status` in both formats. Not OpenMetrics' own StateSet: its label would have to be
//   called like the metric, and a query would then work in one format only.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/publish/http_counters.h"
#include "supervisor/publish/metric_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Time: about 5 us a route.
std::string MetricsText(const Snapshot& snapshot, const HttpCounters& http, MetricsFormat format);

// What the scraper asks for by its Accept header; Prometheus text when it asks for neither.
MetricsFormat ChooseMetricsFormat(std::string_view accept);
std::string_view MetricsContentType(MetricsFormat format);

}  // namespace stirbar
