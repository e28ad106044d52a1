#include "supervisor/publish/prometheus_text.h"

#include "supervisor/publish/action_metrics.h"
#include "supervisor/publish/alert_metrics.h"
#include "supervisor/publish/history_metrics.h"
#include "supervisor/publish/http_message.h"
#include "supervisor/publish/load_metrics.h"
#include "supervisor/publish/pool_metrics.h"
#include "supervisor/publish/route_metrics.h"
#include "supervisor/publish/version.h"
#include "supervisor/publish/worker_metrics.h"

namespace stirbar {
namespace {

constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kCounter = MetricType::kCounter;
constexpr std::array kStatuses{Status::kHealthy, Status::kWarning, Status::kCritical};

void WriteTotals(const Totals& totals, MetricWriter* metrics) {
  metrics->Single("requests_lost_total", kCounter,
                  "Requests that were in flight in a worker when it died.", totals.lost);
  metrics->Single("requests_shed_total", kCounter, "Requests refused early under overload.",
                  totals.shed);
  metrics->Single("workers_exited_total", kCounter, "Workers that ended in good order.",
                  totals.workers_exited);
  metrics->Single("workers_died_total", kCounter, "Workers that ended without notice.",
                  totals.workers_died);
  metrics->Single("events_total", kCounter, "Events recorded.", totals.events);
  metrics->Single("events_overwritten_total", kCounter,
                  "Events lost because they came faster than they were read.",
                  totals.events_overwritten);
  metrics->Single("probe_faults_total", kCounter, "Things that went wrong inside the probe.",
                  totals.probe_faults);
  metrics->Single("in_flight_overflow_total", kCounter,
                  "Requests that were counted but not seen in flight.", totals.in_flight_overflow);
}

void WriteHealth(const Assessment& assessment, MetricWriter* metrics) {
  metrics->Family("health_status", kGauge, "1 for the status that holds.");
  for (const Status status : kStatuses) {
    metrics->Sample(MetricLabel("status", Name(status)), uint64_t{assessment.status == status});
  }
  metrics->Family("component_health_status", kGauge, "1 for the status that holds.");
  for (const auto& [component, held] : assessment.components) {
    const std::string label = MetricLabel("component", component);
    for (const Status status : kStatuses) {
      metrics->Sample(label + "," + MetricLabel("status", Name(status)), uint64_t{held == status});
    }
  }
  metrics->Single("findings", kGauge, "Rules that are entered now.",
                  uint64_t{assessment.findings.size()});
}

void WriteListeners(const Sample& sample, MetricWriter* metrics) {
  metrics->Family("accept_queue_depth", kGauge,
                  "Connections that wait in the kernel for a worker to accept them.");
  for (const ListenerSample& listener : sample.listeners) {
    metrics->Sample(MetricLabel("address", listener.address), uint64_t{listener.depth});
  }
  metrics->Family("accept_queue_limit", kGauge, "Most connections that may wait so.");
  for (const ListenerSample& listener : sample.listeners) {
    metrics->Sample(MetricLabel("address", listener.address), uint64_t{listener.backlog});
  }
}

void WriteResources(const ResourceMetrics& resources, MetricWriter* metrics) {
  metrics->Single("memory_ratio", kGauge,
                  "Memory used, as a share of the container's limit or the machine's memory.",
                  resources.memory_usage_percent / 100);
  metrics->Single("memory_bytes", kGauge, "Memory used by the whole app.",
                  resources.memory_usage_mb * 1e6);
  metrics->Single("cpu_ratio", kGauge, "Share in use of the CPUs that the app may use.",
                  resources.cpu_usage_percent / 100);
  metrics->Single("disk_ratio", kGauge, "Share of the disk in use.",
                  resources.disk_usage_percent / 100);
  metrics->Single("connection_pool_ratio", kGauge,
                  "Share in use of the connections of the fullest pool.",
                  resources.connection_pool_utilization);
  metrics->Single("active_threads", kGauge, "Threads of all workers.",
                  uint64_t{resources.active_threads});
}

void WriteKernel(const MachineSample& machine, MetricWriter* metrics) {
  metrics->Family("pressure_ratio", kGauge,
                  "Share of the last 10 s in which some or all tasks waited for the resource.");
  const PressureSample& pressure = machine.pressure;
  metrics->Sample(R"(resource="cpu",kind="some")", pressure.cpu_some);
  metrics->Sample(R"(resource="memory",kind="some")", pressure.memory_some);
  metrics->Sample(R"(resource="memory",kind="full")", pressure.memory_full);
  metrics->Sample(R"(resource="io",kind="some")", pressure.io_some);
  metrics->Sample(R"(resource="io",kind="full")", pressure.io_full);
  const CgroupSample& cgroup = machine.cgroup;
  metrics->Single(
      "cgroup_memory_limit_bytes", kGauge, "The container's memory limit.",
      cgroup.memory_limit_bytes ? static_cast<double>(*cgroup.memory_limit_bytes) : kNotMeasured);
  metrics->Family("cgroup_memory_events_total", kCounter, "The kernel's memory.events.");
  for (const auto& [event, count] : cgroup.memory_events) {
    metrics->Sample(MetricLabel("event", event), count);
  }
}

void WriteSupervisor(const Sample& sample, MetricWriter* metrics) {
  metrics->Family("build_info", kGauge, "1, labelled with the version.");
  metrics->Sample(MetricLabel("version", Version()), uint64_t{1});
  metrics->Single("app_start_time_seconds", kGauge, "When the counters began, since 1970.",
                  static_cast<double>(sample.app_started_wall_ns) / 1e9);
  const bool read = sample.supervisor.pid != 0;
  metrics->Single("supervisor_resident_memory_bytes", kGauge, "The supervisor's own memory.",
                  read ? static_cast<double>(sample.supervisor.rss_bytes) : kNotMeasured);
  metrics->Single("supervisor_cpu_seconds_total", kCounter, "The supervisor's own CPU time.",
                  read ? sample.supervisor.cpu_seconds : kNotMeasured);
  metrics->Single("supervisor_generation", kGauge, "How many supervisors the app has had.",
                  sample.supervisor_generation);
  metrics->Family("collector_unavailable", kGauge, "1 for a collector that has no figures.");
  for (const auto& [collector, reason] : sample.unavailable) {
    metrics->Sample(MetricLabel("collector", collector), uint64_t{1});
  }
}

void WriteHttp(const HttpCounters& http, MetricWriter* metrics) {
  metrics->Single("http_requests_total", kCounter, "Requests to the supervisor's own port.",
                  http.requests);
  metrics->Single("http_bad_requests_total", kCounter, "Of other things than proper HTTP.",
                  http.bad_requests);
  metrics->Single("http_timeouts_total", kCounter, "Connections cut in the middle of a request.",
                  http.timeouts);
  metrics->Family("http_refused_total", kCounter, "Connections and requests refused.");
  metrics->Sample(R"(reason="connections")", http.refused_connections);
  metrics->Sample(R"(reason="streams")", http.refused_streams);
  metrics->Sample(R"(reason="host")", http.refused_hosts);
  metrics->Sample(R"(reason="token")", http.refused_tokens);
  metrics->Sample(R"(reason="login")", http.refused_logins);
  metrics->Sample(R"(reason="change")", http.refused_changes);
  metrics->Single("http_connections", kGauge, "Open connections.", http.connections);
  metrics->Single("http_streams", kGauge, "Open event streams.", http.streams);
}

constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";

}  // namespace

std::string MetricsText(const Snapshot& snapshot, const HttpCounters& http, MetricsFormat format) {
  MetricWriter metrics(format);
  WriteRouteMetrics(snapshot.sample, &metrics);
  WriteTotals(snapshot.sample.totals, &metrics);
  WriteLoadMetrics(snapshot, &metrics);
  WriteHostMetrics(snapshot.sample, &metrics);
  WritePoolMetrics(snapshot.sample, &metrics);
  WriteDatabaseMetrics(snapshot.sample, &metrics);
  WriteWorkerMetrics(snapshot, &metrics);
  WriteActionMetrics(snapshot.sample, &metrics);
  WriteHealth(snapshot.evaluation.assessment, &metrics);
  WriteAlertMetrics(snapshot.sample.alerting, &metrics);
  WriteHistoryMetrics(snapshot.sample, &metrics);
  WriteListeners(snapshot.sample, &metrics);
  WriteResources(snapshot.evaluation.resources, &metrics);
  WriteKernel(snapshot.sample.machine, &metrics);
  WriteSupervisor(snapshot.sample, &metrics);
  WriteHttp(http, &metrics);
  return metrics.Take();
}

MetricsFormat ChooseMetricsFormat(std::string_view accept) {
  // Named outright, not by a wildcard: a browser's or curl's */* gets the older format.
  const double open_metrics = Quality(accept, kOpenMetricsType);
  return open_metrics > 0 && open_metrics >= Quality(accept, "text/plain")
             ? MetricsFormat::kOpenMetrics
             : MetricsFormat::kPrometheus;
}

std::string_view MetricsContentType(MetricsFormat format) {
  return format == MetricsFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace stirbar
