#include "supervisor/publish/route_metrics.h"

#include <algorithm>
#include <charconv>

#include "supervisor/publish/route_labels.h"

namespace stirbar {
namespace {

constexpr size_t kFirstOctave = 3;  // 0.52 ms: below it there are no Flask requests to tell apart
constexpr size_t kBoundaries = 16;

struct Boundary {
  size_t first_bucket_above;
  std::string label;
};

std::vector<Boundary> MakeBoundaries() {
  std::vector<Boundary> boundaries;
  for (size_t octave = kFirstOctave; octave < kFirstOctave + kBoundaries; ++octave) {
    const size_t bucket = 1 + octave * kHistogramParts;
    char text[32];
    const auto result =
        std::to_chars(text, text + sizeof text, static_cast<double>(HistogramLowerNs(bucket)) / 1e9,
                      std::chars_format::fixed);
    boundaries.push_back({bucket, MetricLabel("le", {text, result.ptr})});
  }
  return boundaries;
}

// `method="GET",route="/item/<int:id>"` for each route: escaped once, used by all families.
std::vector<std::string> RouteLabelSets(const Sample& sample) {
  std::vector<std::string> labels;
  labels.reserve(sample.routes.size());
  for (const RouteSample& route : sample.routes) {
    labels.push_back(MetricLabel("method", Name(route.method)) + "," +
                     MetricLabel("route", RuleLabel(route)));
  }
  return labels;
}

void WriteHistogram(const RouteTotals& totals, const std::string& labels, MetricWriter* metrics) {
  static const std::vector<Boundary> kAll = MakeBoundaries();
  uint64_t count = 0;
  size_t bucket = 0;
  std::string bucket_labels;
  for (const Boundary& boundary : kAll) {
    while (bucket < boundary.first_bucket_above) count += totals.histogram[bucket++];
    bucket_labels.assign(labels).append(",").append(boundary.label);
    metrics->Sample("_bucket", bucket_labels, count);
  }
  while (bucket < totals.histogram.size()) count += totals.histogram[bucket++];
  bucket_labels.assign(labels).append(",le=\"+Inf\"");
  metrics->Sample("_bucket", bucket_labels, count);
  metrics->Sample("_sum", labels, static_cast<double>(totals.duration_sum_ns) / 1e9);
  metrics->Sample("_count", labels, count);
}

void WriteInFlight(const Sample& sample, const std::vector<std::string>& labels,
                   MetricWriter* metrics) {
  metrics->Family("requests_in_flight", MetricType::kGauge, "Requests being worked on now.");
  for (size_t i = 0; i < labels.size(); ++i) {
    metrics->Sample(labels[i], uint64_t{sample.routes[i].in_flight});
  }
  const auto not_routed =
      std::count_if(sample.in_flight.begin(), sample.in_flight.end(),
                    [](const InFlightSample& request) { return request.route == kRouteUnknown; });
  metrics->Sample(MetricLabel("method", Name(HttpMethod::kOther)) + "," +
                      MetricLabel("route", RouteLabel(HttpMethod::kOther, kRouteUnknown, {})),
                  static_cast<uint64_t>(not_routed));
}

}  // namespace

void WriteRouteMetrics(const Sample& sample, MetricWriter* metrics) {
  const std::vector<std::string> labels = RouteLabelSets(sample);
  static constexpr std::array kStatus{R"(,status="1xx")", R"(,status="2xx")", R"(,status="3xx")",
                                      R"(,status="4xx")", R"(,status="5xx")"};
  metrics->Family("requests_total", MetricType::kCounter,
                  "Requests answered, over all workers, dead and alive.");
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t status = 0; status < kStatus.size(); ++status) {
      // 2xx and 5xx from the beginning: rate() misses the first increment of a new series.
      const uint64_t count = sample.routes[i].totals.status[status];
      if (count > 0 || status == 1 || status == 4) {
        metrics->Sample(labels[i] + kStatus[status], count);
      }
    }
  }
  metrics->Family("request_exceptions_total", MetricType::kCounter,
                  "Requests whose exception went through the WSGI callable.");
  for (size_t i = 0; i < labels.size(); ++i) {
    metrics->Sample(labels[i], sample.routes[i].totals.exceptions);
  }
  metrics->Family("request_duration_seconds", MetricType::kHistogram,
                  "Time from the WSGI call to the end of the response body.");
  for (size_t i = 0; i < labels.size(); ++i) {
    WriteHistogram(sample.routes[i].totals, labels[i], metrics);
  }
  WriteInFlight(sample, labels, metrics);
}

}  // namespace stirbar
