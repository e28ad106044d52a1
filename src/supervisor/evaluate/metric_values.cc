#include "supervisor/evaluate/metric_values.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "supervisor/evaluate/pool_rules.h"
#include "supervisor/evaluate/rules.h"

namespace stirbar {
namespace {

void AddWorkers(const Sample& sample, const Evaluation& evaluation, MetricValues* metrics) {
  MetricValues& out = *metrics;
  const std::vector<WorkerVerdict>& verdicts = evaluation.assessment.workers;
  out[MetricId::workers] = static_cast<double>(sample.workers.size());
  out[MetricId::hung_workers] = static_cast<double>(std::count_if(
      verdicts.begin(), verdicts.end(), [](const WorkerVerdict& verdict) { return verdict.hung; }));
  double oldest = 0;
  double lock_wait = 0;
  double silence = 0;
  for (const WorkerSample& worker : sample.workers) {
    oldest = std::max(oldest, worker.oldest_request_seconds);
    lock_wait = std::max(lock_wait, worker.lock_wait_seconds);
    silence = std::max(silence, worker.heartbeat_age_seconds);
  }
  out[MetricId::oldest_request_seconds] = oldest;
  out[MetricId::lock_wait_seconds] = lock_wait;
  out[MetricId::heartbeat_age_seconds] = silence;
}

void AddRequests(const Sample& sample, MetricValues* metrics) {
  MetricValues& out = *metrics;
  const RecentSample& recent = sample.recent;
  out[MetricId::requests_per_second] = sample.latest.requests_per_second;
  if (recent.requests >= kFewestRequests) {
    out[MetricId::error_ratio] = recent.error_ratio;
    out[MetricId::slow_ratio] =
        static_cast<double>(recent.slow) / static_cast<double>(recent.requests);
  }
  out[MetricId::slow_requests] = static_cast<double>(recent.slow);
  out[MetricId::mean_seconds] = recent.mean_seconds;
  out[MetricId::p50_seconds] = recent.p50_seconds;
  out[MetricId::p95_seconds] = recent.p95_seconds;
  out[MetricId::p99_seconds] = recent.p99_seconds;
  out[MetricId::in_flight] = static_cast<double>(sample.in_flight.size());
  const TrafficSample& traffic = sample.traffic;
  out[MetricId::streams] = traffic.streams;
  out[MetricId::queue_p50_seconds] = traffic.queue_p50_seconds;
  const uint64_t queued =
      std::accumulate(traffic.queue_recent.begin(), traffic.queue_recent.end(), uint64_t{0});
  if (queued >= kFewestRequests) out[MetricId::queue_p95_seconds] = traffic.queue_p95_seconds;
  out[MetricId::refused_per_second] = traffic.refused_per_second;
}

void AddDatabases(const Sample& sample, MetricValues* metrics) {
  if (sample.pools.empty()) return;
  MetricValues& out = *metrics;
  double waiting = 0;
  for (const PoolSample& pool : sample.pools) {
    for (const uint32_t lane : pool.waiting) waiting += lane;
    // fmax ignores a NaN.
    out[MetricId::pool_wait_p95_seconds] =
        std::fmax(out[MetricId::pool_wait_p95_seconds], pool.wait_p95_seconds);
  }
  out[MetricId::pool_waiting] = waiting;
  out[MetricId::pool_wait_seconds] = WaitOf(*SlowestPool(sample));
  out[MetricId::leaked_connections] = static_cast<double>(std::count_if(
      sample.connections.begin(), sample.connections.end(),
      [](const ConnectionSample& connection) { return connection.leak == LeakKind::kConfirmed; }));
}

}  // namespace

MetricValues MetricsOf(const Sample& sample, const Evaluation& evaluation,
                       const RecentTotals& recent) {
  MetricValues out;
  const ResourceMetrics& resources = evaluation.resources;
  out[MetricId::memory_ratio] = resources.memory_usage_percent / 100;
  out[MetricId::memory_bytes] = resources.memory_usage_mb * 1e6;
  out[MetricId::cpu_ratio] = resources.cpu_usage_percent / 100;
  out[MetricId::disk_ratio] = resources.disk_usage_percent / 100;
  const PressureSample& pressure = sample.machine.pressure;
  out[MetricId::memory_pressure_ratio] = pressure.memory_some;
  out[MetricId::cpu_pressure_ratio] = pressure.cpu_some;
  out[MetricId::io_pressure_ratio] = pressure.io_some;
  out[MetricId::dead_workers] = static_cast<double>(recent.workers_died);
  out[MetricId::threads] = resources.active_threads;
  out[MetricId::accept_queue] = resources.request_queue_size;
  out[MetricId::saturation] = evaluation.load.saturation;
  out[MetricId::pressure] = evaluation.load.pressure;
  out[MetricId::shed_level] = sample.traffic.shed_level;
  out[MetricId::pool_utilization] = resources.connection_pool_utilization;
  out[MetricId::database_query_seconds] = evaluation.performance.database_query_time;
  out[MetricId::cache_hit_ratio] = evaluation.performance.cache_hit_rate;
  out[MetricId::supervisor_cpu_ratio] = sample.supervisor.cpu_ratio;
  out[MetricId::supervisor_memory_bytes] = static_cast<double>(sample.supervisor.rss_bytes);
  out[MetricId::history_dropped] = static_cast<double>(sample.history.dropped);
  AddWorkers(sample, evaluation, &out);
  AddRequests(sample, &out);
  AddDatabases(sample, &out);
  return out;
}

}  // namespace stirbar
