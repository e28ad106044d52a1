#include "supervisor/metric_table.h"

namespace stirbar {

const MetricSpec* FindMetric(std::string_view name) {
  for (const MetricSpec& spec : kMetricSpecs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

std::string_view Name(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::kRatio:
      return "ratio";
    case MetricUnit::kSeconds:
      return "seconds";
    case MetricUnit::kBytes:
      return "bytes";
    case MetricUnit::kCount:
      return "count";
    case MetricUnit::kPerSecond:
      return "per_second";
  }
  return "unknown";
}

}  // namespace stirbar
