#include "supervisor/evaluate/route_load.h"

#include <functional>
#include <numeric>

namespace stirbar {
namespace {

std::optional<RouteLoad> Foremost(const Sample& sample,
                                  const std::function<double(const RouteSample&)>& figure) {
  const RouteSample* foremost = nullptr;
  double most = 0;
  double sum = 0;
  for (const RouteSample& route : sample.routes) {
    const double here = figure(route);
    sum += here;
    if (here <= most) continue;
    most = here;
    foremost = &route;
  }
  if (foremost == nullptr) return std::nullopt;
  const HistogramCounts& recent = foremost->recent;
  return RouteLoad{
      .route = RouteLabel(foremost->method, foremost->id, foremost->rule),
      .figure = most,
      .share_ratio = most / sum,
      .requests = static_cast<double>(std::accumulate(recent.begin(), recent.end(), uint64_t{0})),
      .p95_seconds = static_cast<double>(HistogramQuantileNs(recent, 0.95)) / 1e9};
}

}  // namespace

std::optional<RouteLoad> BusiestRoute(const Sample& sample) {
  return Foremost(sample, [](const RouteSample& route) {
    double seconds = 0;
    for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
      if (route.recent[bucket] == 0) continue;
      const double middle_ns =
          static_cast<double>(HistogramLowerNs(bucket) + HistogramUpperNs(bucket)) / 2;
      seconds += static_cast<double>(route.recent[bucket]) * middle_ns / 1e9;
    }
    return seconds;
  });
}

std::optional<RouteLoad> MostFailingRoute(const Sample& sample) {
  return Foremost(
      sample, [](const RouteSample& route) { return static_cast<double>(route.recent_errors); });
}

std::optional<RouteLoad> SlowestRoute(const Sample& sample, double threshold_seconds) {
  const size_t first = HistogramBucket(static_cast<uint64_t>(threshold_seconds * 1e9));
  return Foremost(sample, [first](const RouteSample& route) {
    uint64_t slow = 0;
    for (size_t bucket = first; bucket < kHistogramBuckets; ++bucket) slow += route.recent[bucket];
    return static_cast<double>(slow);
  });
}

}  // namespace stirbar
