// Which routes the trouble of the last minute comes from: the names behind a recommendation.
#pragma once

#include <optional>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

struct RouteLoad {
  std::string route;       // "GET /report"
  double figure = 0;       // what it was chosen by
  double share_ratio = 0;  // its part of that figure's sum over all routes
  double requests = 0;     // of the last minute
  double p95_seconds = 0;
};

// The route with the most time spent in it / the most 5xx / the most requests at or above
// `threshold_seconds`; none where there is nothing to count. Times come from the histogram: right
// to 1/16.
std::optional<RouteLoad> BusiestRoute(const Sample& sample);
std::optional<RouteLoad> MostFailingRoute(const Sample& sample);
std::optional<RouteLoad> SlowestRoute(const Sample& sample, double threshold_seconds);

}  // namespace stirbar
