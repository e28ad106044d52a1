#include "supervisor/publish/route_metrics.h"

#include <algorithm>

#include "supervisor/publish/histogram_metric.h"
#include "supervisor/publish/route_labels.h"

namespace stirbar {
namespace {

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

// One counter a route; where `value` is 0 there is no series: most routes have no such figures.
template <typename Value>
void WriteWhereAny(const Sample& sample, const std::vector<std::string>& labels, Value value,
                   MetricWriter* metrics) {
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto figure = value(sample.routes[i].totals);
    if (figure > 0) metrics->Sample(labels[i], figure);
  }
}

double AsSeconds(uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

void WriteTime(const Sample& sample, const std::vector<std::string>& labels,
               MetricWriter* metrics) {
  metrics->Family("route_queue_seconds_total", MetricType::kCounter,
                  "Time that requests waited before the app got them.");
  WriteWhereAny(
      sample, labels, [](const RouteTotals& totals) { return AsSeconds(totals.queue_sum_ns); },
      metrics);
  std::array<std::string, kParts> parts;
  for (size_t part = 0; part < kParts; ++part) {
    parts[part] = "," + MetricLabel("part", Name(static_cast<Part>(part)));
  }
  metrics->Family("route_part_seconds_total", MetricType::kCounter,
                  "Time that requests spent in SQL, Redis, outgoing HTTP, waiting for the "
                  "interpreter lock and in garbage collection.");
  for (size_t i = 0; i < labels.size(); ++i) {
    const RouteTotals& totals = sample.routes[i].totals;
    for (size_t part = 0; part < kParts; ++part) {
      if (totals.part_calls[part] == 0 && totals.parts_ns[part] == 0) continue;
      metrics->Sample(labels[i] + parts[part], AsSeconds(totals.parts_ns[part]));
    }
  }
  metrics->Family("route_part_calls_total", MetricType::kCounter,
                  "Statements, commands, calls, samples and collections in that time.");
  for (size_t i = 0; i < labels.size(); ++i) {
    const RouteTotals& totals = sample.routes[i].totals;
    for (size_t part = 0; part < kParts; ++part) {
      if (totals.part_calls[part] == 0) continue;
      metrics->Sample(labels[i] + parts[part], totals.part_calls[part]);
    }
  }
}

void WriteRefused(const Sample& sample, const std::vector<std::string>& labels,
                  MetricWriter* metrics) {
  metrics->Family("route_refused_total", MetricType::kCounter,
                  "Requests answered 503 before the app was entered.");
  WriteWhereAny(
      sample, labels, [](const RouteTotals& totals) { return totals.refused; }, metrics);
  metrics->Family("requests_degraded_total", MetricType::kCounter,
                  "Requests that were served a cheaper answer.");
  WriteWhereAny(
      sample, labels, [](const RouteTotals& totals) { return totals.degraded; }, metrics);
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
    const RouteTotals& totals = sample.routes[i].totals;
    WriteHistogram(totals.histogram, AsSeconds(totals.duration_sum_ns), labels[i], metrics);
  }
  WriteTime(sample, labels, metrics);
  WriteRefused(sample, labels, metrics);
  WriteInFlight(sample, labels, metrics);
}

}  // namespace stirbar
