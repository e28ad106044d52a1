// The figures of one moment, as OTLP gets them (otlp_json.h).
//
// Some 1 KB: an hour of them at one in ten seconds is what a collector that is down costs.
#pragma once

#include <array>
#include <cstdint>

#include "supervisor/publish/histogram_metric.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// X(name, unit, meaning, value of `totals`). Counted since the segment was made.
// clang-format off
#define STIRBAR_OTLP_SUMS(X)                                                              \
  X("requests", "{request}", "Requests that ended", totals.requests)                      \
  X("errors", "{request}", "Requests answered with 5xx", totals.errors)                   \
  X("exceptions", "{request}", "Requests in which the app raised", totals.exceptions)     \
  X("lost_requests", "{request}", "Requests that died with their worker", totals.lost)    \
  X("refused_requests", "{request}", "Requests refused early", totals.shed)               \
  X("workers_exited", "{worker}", "Workers that ended in good order", totals.workers_exited) \
  X("workers_died", "{worker}", "Workers that died", totals.workers_died)
// clang-format on

#define STIRBAR_ONE(name, unit, meaning, value) +1
inline constexpr size_t kOtlpSums = 0 STIRBAR_OTLP_SUMS(STIRBAR_ONE);
#undef STIRBAR_ONE

struct OtlpHistogram {
  CoarseCounts counts{};
  double sum_seconds = kNotMeasured;
};

enum class OtlpDuration : uint8_t { kRequest, kQueue };
inline constexpr size_t kOtlpDurations = 2;

struct OtlpPoint {
  uint64_t number = 0;  // given by the queue
  uint64_t wall_ns = 0;
  uint64_t counted_since_wall_ns = 0;
  MetricValues gauges;
  std::array<uint64_t, kOtlpSums> sums{};
  std::array<OtlpHistogram, kOtlpDurations> durations{};
};

OtlpPoint PointOf(const Snapshot& snapshot);
// Data points in it: figures that were not measured are none.
uint64_t DataPoints(const OtlpPoint& point);

}  // namespace stirbar
