// Recorded figures, one point after the other: what rules are replayed over.
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "supervisor/metric_table.h"

namespace stirbar {

struct MetricPoint {
  double time = 0;  // seconds since 1970
  MetricValues values;
};

class MetricSeries {
 public:
  virtual ~MetricSeries() = default;
  // The next point, in the order of time; absent: there is no more. Failure: what is wrong where.
  virtual Result<std::optional<MetricPoint>> Next() = 0;
};

// Points of a table as `stirbar history export --format csv` prints it: a head with `time` first,
// then names of figures; columns of other names are left out, empty fields are not measured.
// Failure: the file cannot be read, or its head is none.
Result<std::unique_ptr<MetricSeries>> OpenCsv(const std::string& path);

}  // namespace stirbar
