#include "supervisor/publish/otlp_point.h"

#include <algorithm>
#include <cmath>

#include "supervisor/publish/history_figures.h"

namespace stirbar {

OtlpPoint PointOf(const Snapshot& snapshot) {
  const Sample& sample = snapshot.sample;
  OtlpPoint point;
  point.wall_ns = sample.tick.wall_ns;
  point.counted_since_wall_ns = sample.app_started_wall_ns;
  point.gauges = snapshot.evaluation.metrics;
  const Totals& totals = sample.totals;
#define STIRBAR_VALUE(name, unit, meaning, value) value,
  point.sums = {STIRBAR_OTLP_SUMS(STIRBAR_VALUE)};
#undef STIRBAR_VALUE
  HistogramCounts requests{};
  uint64_t nanoseconds = 0;
  for (const RouteSample& route : sample.routes) {
    Add(route.totals.histogram, &requests);
    nanoseconds += route.totals.duration_sum_ns;
  }
  point.durations[static_cast<size_t>(OtlpDuration::kRequest)] = {
      Coarse(requests), static_cast<double>(nanoseconds) * 1e-9};
  point.durations[static_cast<size_t>(OtlpDuration::kQueue)] = {Coarse(sample.traffic.queue_totals),
                                                                kNotMeasured};
  return point;
}

uint64_t DataPoints(const OtlpPoint& point) {
  const auto& gauges = point.gauges.values();
  const auto measured = std::count_if(gauges.begin(), gauges.end(),
                                      [](double value) { return std::isfinite(value); });
  return static_cast<uint64_t>(measured) + kOtlpSums + kOtlpDurations;
}

}  // namespace stirbar
