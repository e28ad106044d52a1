#include "supervisor/publish/load_metrics.h"

#include "supervisor/publish/histogram_metric.h"

namespace stirbar {
namespace {

constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kCounter = MetricType::kCounter;

double IfKnown(uint32_t value) { return value > 0 ? static_cast<double>(value) : kNotMeasured; }

// Requests whose queue time is not known have added nothing to it, nor to the histogram.
double QueueSeconds(const Sample& sample) {
  double seconds = 0;
  for (const RouteSample& route : sample.routes) {
    seconds += static_cast<double>(route.totals.queue_sum_ns) / 1e9;
  }
  return seconds;
}

void WriteByCriticality(std::string_view name, std::string_view help,
                        const std::array<uint64_t, kCriticalities>& counts, MetricWriter* metrics) {
  metrics->Family(name, kCounter, help);
  for (size_t i = 0; i < counts.size(); ++i) {
    metrics->Sample(MetricLabel("criticality", Name(static_cast<Criticality>(i))), counts[i]);
  }
}

struct HostMetric {
  std::string_view name;
  std::string_view help;
  uint64_t HostTotals::*value;
};

constexpr HostMetric kHostMetrics[] = {
    {"outgoing_calls_total", "Outgoing HTTP calls.", &HostTotals::calls},
    {"outgoing_failures_total", "Of them, those that failed; time-outs among them.",
     &HostTotals::failures},
    {"outgoing_timeouts_total", "Of them, those that took longer than their time-out.",
     &HostTotals::timeouts},
    {"outgoing_defaulted_total", "Calls without a time-out that got the default one.",
     &HostTotals::defaulted},
    {"outgoing_breaker_refusals_total", "Calls that an open breaker refused.",
     &HostTotals::breaker_refusals},
};

}  // namespace

void WriteLoadMetrics(const Snapshot& snapshot, MetricWriter* metrics) {
  const TrafficSample& traffic = snapshot.sample.traffic;
  const LoadVerdict& load = snapshot.evaluation.load;
  metrics->Single(
      "saturation_ratio", kGauge,
      "How full the app is: at 0.5 every request slot is busy, at 1 who comes now waits "
      "longer than request_deadline.",
      load.saturation);
  metrics->Single("load_pressure_ratio", kGauge, "The worst of memory pressure and saturation.",
                  load.pressure);
  metrics->Single("predicted_wait_seconds", kGauge, "How long a request that comes now will wait.",
                  load.predicted_wait_seconds);
  metrics->Single("service_rate", kGauge, "Requests a second that the app ends when it is busy.",
                  load.service_rate);
  metrics->Single("request_capacity", kGauge, "Requests that all workers can handle at once.",
                  IfKnown(traffic.capacity));
  metrics->Single("requests_busy", kGauge, "Requests in flight, streams left out.",
                  uint64_t{traffic.busy});
  metrics->Single("requests_waiting", kGauge, "Requests in accept queues and executors.",
                  uint64_t{traffic.waiting});
  metrics->Single("streams_open", kGauge, "Long-lived responses that are open.",
                  uint64_t{traffic.streams});
  metrics->Family("queue_time_seconds", MetricType::kHistogram,
                  "Time from the arrival of a request to the WSGI call, where it is known.");
  WriteHistogram(traffic.queue_totals, QueueSeconds(snapshot.sample), "", metrics);
  WriteByCriticality("requests_refused_total", "Requests answered 503 before the app was entered.",
                     traffic.refused, metrics);
  WriteByCriticality("requests_admitted_total",
                     "Requests let in while refusing was being considered.", traffic.admitted,
                     metrics);
  WriteByCriticality("requests_would_refuse_total",
                     "Requests that would have been refused, were admission on.",
                     traffic.would_refuse, metrics);
  metrics->Single("shed_level", kGauge,
                  "Who is refused: 0 nobody, 1 background, 2 sheddable, 3 normal requests too.",
                  uint64_t{traffic.shed_level});
  metrics->Single("shed_by_operator", kGauge, "1 when the operator has set the level.",
                  uint64_t{load.shed_by_operator});
  metrics->Single("backlog_limit", kGauge,
                  "Length ordered for the accept queue; 0 when it is the server's own.",
                  uint64_t{traffic.backlog});
}

void WriteHostMetrics(const Sample& sample, MetricWriter* metrics) {
  std::vector<std::string> labels;
  labels.reserve(sample.hosts.size());
  for (const HostSample& host : sample.hosts) labels.push_back(MetricLabel("host", host.name));
  for (const HostMetric& metric : kHostMetrics) {
    metrics->Family(metric.name, kCounter, metric.help);
    for (size_t i = 0; i < labels.size(); ++i) {
      metrics->Sample(labels[i], sample.hosts[i].totals.*metric.value);
    }
  }
  metrics->Family("outgoing_seconds_total", kCounter, "Time spent in outgoing HTTP calls.");
  for (size_t i = 0; i < labels.size(); ++i) {
    metrics->Sample(labels[i], static_cast<double>(sample.hosts[i].totals.duration_sum_ns) / 1e9);
  }
  metrics->Family("outgoing_breakers_open", kGauge, "Workers whose breaker for the host is open.");
  for (size_t i = 0; i < labels.size(); ++i) {
    metrics->Sample(labels[i], uint64_t{sample.hosts[i].breakers_open});
  }
}

}  // namespace stirbar
