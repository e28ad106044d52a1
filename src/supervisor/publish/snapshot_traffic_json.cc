#include "supervisor/publish/snapshot_traffic_json.h"

#include <algorithm>
#include <numeric>

#include "supervisor/publish/route_labels.h"

namespace stirbar {
namespace {

// More than one route's JSON (two texts of 240 bytes, each byte escaped to six at worst) and the
// `unavailable` block behind it can take.
constexpr size_t kTailBytes = 16 * 1024;

std::string PythonVersion(uint32_t hex) {
  if (hex == 0) return "";
  return std::to_string(hex >> 24U) + "." + std::to_string((hex >> 16U) & 0xFFU) + "." +
         std::to_string((hex >> 8U) & 0xFFU);
}

// `value` where the process could be read.
template <typename T>
std::optional<T> IfRead(const ProcessSample& process, T value) {
  return process.pid != 0 ? std::optional(value) : std::nullopt;
}

double MeanSeconds(const HistogramCounts& counts) {
  double sum_ns = 0;
  uint64_t total = 0;
  for (size_t bucket = 0; bucket < counts.size(); ++bucket) {
    const uint64_t middle = (HistogramLowerNs(bucket) + HistogramUpperNs(bucket)) / 2;
    sum_ns += static_cast<double>(counts[bucket]) * static_cast<double>(middle);
    total += counts[bucket];
  }
  return total == 0 ? kNotMeasured : sum_ns / static_cast<double>(total) * 1e-9;
}

void WriteWorker(const WorkerSample& worker, const WorkerVerdict& verdict, JsonWriter* json) {
  const ProcessSample& process = worker.process;
  json->BeginObject();
  json->Field("slot", worker.slot);
  json->Field("pid", worker.pid);
  json->Field("state", Name(verdict.condition));
  json->Field("status", Name(verdict.status));
  json->Field("hung", verdict.hung);
  json->Field("reason", verdict.reason);
  json->Field("server", Name(worker.server_kind));
  json->Field("python", PythonVersion(worker.python_version));
  json->Field("requests", worker.requests);
  json->Field("errors", worker.errors);
  json->Field("in_flight", worker.in_flight);
  json->Field("streaming", worker.streaming);
  json->Field("oldest_request_seconds", worker.oldest_request_seconds);
  json->Field("age_seconds", worker.age_seconds);
  json->Field("heartbeat_age_seconds", worker.heartbeat_age_seconds);
  json->Field("lock_wait_seconds", worker.lock_wait_seconds);
  json->Field("lock_wait_last_seconds", worker.lock_wait_last_seconds);
  json->Field("rss_bytes", IfRead(process, process.rss_bytes));
  json->Field("pss_bytes", process.pss_bytes);
  json->Field("uss_bytes", process.uss_bytes);
  json->Field("cpu_ratio", IfRead(process, process.cpu_ratio));
  json->Field("threads", IfRead(process, process.threads));
  json->Field("file_descriptors", process.file_descriptors);
  json->Field("voluntary_switches", IfRead(process, process.voluntary_switches));
  json->Field("involuntary_switches", IfRead(process, process.involuntary_switches));
  json->Field("capacity", worker.capacity > 0 ? std::optional(worker.capacity) : std::nullopt);
  json->Field("executor_depth", worker.executor_depth);
  json->Field("concurrency_limit", worker.concurrency_limit);
  json->Field("queue_delay_seconds", worker.queue_delay_seconds);
  json->Field("shed_level", worker.shed_level);
  json->Field("overloaded_seconds", worker.overloaded_seconds);
  json->Field("stacks_readable", worker.stacks_readable);
  json->EndObject();
}

// Mean seconds of a request of the last minute, by what it spent them on.
void WriteTime(const RouteSample& route, uint64_t requests, JsonWriter* json) {
  const auto per_request = [requests](double seconds) {
    return requests > 0 ? seconds / static_cast<double>(requests) : kNotMeasured;
  };
  const std::array<double, kParts>& parts = route.recent_part_seconds;
  const double in_parts = std::accumulate(parts.begin(), parts.end(), 0.0);
  json->BeginObject("time");
  json->Field("queue", per_request(route.recent_queue_seconds));
  // Parts may overlap: a statement that waits for the interpreter lock is in both.
  json->Field("application", per_request(std::max(0.0, route.recent_duration_seconds - in_parts)));
  for (size_t i = 0; i < parts.size(); ++i) {
    json->Field(Name(static_cast<Part>(i)), per_request(parts[i]));
  }
  json->EndObject();
}

void WriteRoute(const RouteSample& route, double window_seconds, JsonWriter* json) {
  static constexpr std::array kClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};
  const uint64_t recent = std::accumulate(route.recent.begin(), route.recent.end(), uint64_t{0});
  const auto per_recent = [recent](double value) { return recent > 0 ? value : kNotMeasured; };
  const auto quantile = [&](double share) {
    // Within a bucket it is interpolated, and must not pass the largest value seen.
    const uint64_t value =
        std::min(HistogramQuantileNs(route.recent, share), route.totals.duration_max_ns);
    return per_recent(static_cast<double>(value) * 1e-9);
  };
  json->BeginObject();
  json->Field("route", RouteLabel(route.method, route.id, route.rule));
  json->Field("method", Name(route.method));
  json->Field("rule", RuleLabel(route));
  json->Field("requests", route.requests);
  json->Field("errors", route.totals.status[4]);
  json->Field("exceptions", route.totals.exceptions);
  json->BeginObject("status");
  for (size_t i = 0; i < kClasses.size(); ++i) json->Field(kClasses[i], route.totals.status[i]);
  json->EndObject();
  json->Field("in_flight", route.in_flight);
  json->Field("requests_per_second",
              window_seconds > 0 ? static_cast<double>(recent) / window_seconds : 0.0);
  json->Field("error_ratio", per_recent(static_cast<double>(route.recent_errors) /
                                        static_cast<double>(std::max<uint64_t>(recent, 1))));
  json->Field("mean_seconds", MeanSeconds(route.recent));
  json->Field("p50_seconds", quantile(0.50));
  json->Field("p95_seconds", quantile(0.95));
  json->Field("p99_seconds", quantile(0.99));
  json->Field("max_seconds", route.requests > 0
                                 ? static_cast<double>(route.totals.duration_max_ns) * 1e-9
                                 : kNotMeasured);
  json->Field("refused", route.totals.refused);
  json->Field("degraded", route.totals.degraded);
  WriteTime(route, recent, json);
  json->EndObject();
}

}  // namespace

void WriteWorkers(const Snapshot& snapshot, JsonWriter* json) {
  const std::vector<WorkerVerdict>& verdicts = snapshot.evaluation.assessment.workers;
  json->BeginArray("workers");
  for (size_t i = 0; i < snapshot.sample.workers.size(); ++i) {
    WriteWorker(snapshot.sample.workers[i], i < verdicts.size() ? verdicts[i] : WorkerVerdict{},
                json);
  }
  json->EndArray();
}

size_t WriteRoutes(const Sample& sample, JsonWriter* json) {
  std::vector<const RouteSample*> routes;
  routes.reserve(sample.routes.size());
  for (const RouteSample& route : sample.routes) routes.push_back(&route);
  std::stable_sort(routes.begin(), routes.end(), [](const RouteSample* a, const RouteSample* b) {
    return a->requests > b->requests;
  });
  json->BeginArray("routes");
  size_t shown = 0;
  while (shown < routes.size() && json->size() + kTailBytes < kSnapshotBytes) {
    WriteRoute(*routes[shown++], sample.route_window_seconds, json);
  }
  json->EndArray();
  return routes.size() - shown;
}

}  // namespace stirbar
