// The JSON of OTLP/HTTP: opentelemetry-proto's ExportMetricsServiceRequest, and its answer.
//
//   resource   service.name = the app, host.name, stirbar.version
//   gauges     stirbar.NAME of each row of metric_table.h
//   sums       stirbar.NAME of each of STIRBAR_OTLP_SUMS: cumulative, since the segment was made
//   histograms stirbar.request.duration, stirbar.queue.duration: cumulative, explicit bounds of an
//              octave each
//
// 64-bit integers are texts, as protobuf's JSON has them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "supervisor/publish/history_export.h"
#include "supervisor/publish/otlp_point.h"

namespace stirbar {

// `points` oldest first: one data point of each in every metric.
std::string OtlpBody(const ExportOrigin& origin, std::span<const OtlpPoint> points);

// What an answer of success says of a part that was not taken. A text without data points is a
// remark of the receiver's.
struct OtlpPartialSuccess {
  uint64_t rejected = 0;  // data points
  std::string message;    // a printable line
};
// Nothing where the answer is empty or no JSON: it was taken all the same.
OtlpPartialSuccess PartialSuccessOf(std::string_view answer);

// The status of an answer: whether the same is to be sent again. The protocol says which.
bool IsRetryable(long status);  // 429, 502, 503, 504

}  // namespace stirbar
