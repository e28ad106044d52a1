#include "supervisor/evaluate/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace stirbar {
namespace {

// `part` / `whole` in percent, held to 0..100: the figures come from different moments.
double Percent(double part, double whole) {
  if (!(whole > 0) || std::isnan(part)) return kNotMeasured;
  return std::clamp(part / whole * 100, 0.0, 100.0);
}

// The process tree; where /proc gave none, the workers at least.
std::vector<const ProcessSample*> ProcessesOf(const Sample& sample) {
  std::vector<const ProcessSample*> processes;
  for (const ProcessSample& process : sample.processes) processes.push_back(&process);
  if (!processes.empty()) return processes;
  for (const WorkerSample& worker : sample.workers) {
    if (worker.process.pid != 0) processes.push_back(&worker.process);
  }
  return processes;
}

// Mean SQL time of a request of the last minute; not measured where no statement has been seen yet.
// Both figures are the routes': Sample::recent covers less than their 60 to 70 s.
double SqlSecondsOf(const Sample& sample) {
  constexpr auto kSql = static_cast<size_t>(Part::kSql);
  double seconds = 0;
  uint64_t requests = 0;
  bool has_sql = false;
  for (const RouteSample& route : sample.routes) {
    seconds += route.recent_part_seconds[kSql];
    requests = std::accumulate(route.recent.begin(), route.recent.end(), requests);
    has_sql = has_sql || route.totals.part_calls[kSql] > 0;
  }
  if (!has_sql || requests == 0) return kNotMeasured;
  return seconds / static_cast<double>(requests);
}

// Over all caches, each as often as it was asked; not measured where none was in the last minute.
double CacheHitRatioOf(const Sample& sample) {
  double hits = 0;
  double lookups = 0;
  for (const CacheSample& cache : sample.caches) {
    if (cache.recent_lookups == 0) continue;
    hits += cache.hit_ratio * static_cast<double>(cache.recent_lookups);
    lookups += static_cast<double>(cache.recent_lookups);
  }
  return lookups > 0 ? hits / lookups : kNotMeasured;
}

}  // namespace

MemoryUse MemoryUseOf(const MachineSample& machine) {
  MemoryUse use;
  const CgroupSample& cgroup = machine.cgroup;
  if (cgroup.memory_limit_bytes.has_value()) {
    const uint64_t reclaimable =
        std::min(cgroup.memory_inactive_file_bytes, cgroup.memory_current_bytes);
    use.used_bytes = static_cast<double>(cgroup.memory_current_bytes - reclaimable);
    use.limit_bytes = static_cast<double>(*cgroup.memory_limit_bytes);
    use.of_cgroup = true;
  } else if (machine.memory_total_bytes > 0) {
    const uint64_t available = std::min(machine.memory_available_bytes, machine.memory_total_bytes);
    use.used_bytes = static_cast<double>(machine.memory_total_bytes - available);
    use.limit_bytes = static_cast<double>(machine.memory_total_bytes);
  }
  return use;
}

double CpusOf(const MachineSample& machine) {
  const double cpus = machine.cpus > 0 ? machine.cpus : kNotMeasured;
  if (!machine.cgroup.cpu_limit.has_value()) return cpus;
  return std::fmin(cpus, *machine.cgroup.cpu_limit);  // fmin ignores a NaN
}

double MemoryOf(const ProcessSample& process) {
  return static_cast<double>(process.pss_bytes.value_or(process.rss_bytes));
}

ResourceMetrics ResourcesOf(const Sample& sample) {
  ResourceMetrics metrics;
  const MemoryUse memory = MemoryUseOf(sample.machine);
  metrics.memory_usage_percent = Percent(memory.used_bytes, memory.limit_bytes);

  const std::vector<const ProcessSample*> processes = ProcessesOf(sample);
  if (!processes.empty()) {
    double bytes = 0;
    double cpus = 0;
    for (const ProcessSample* process : processes) {
      bytes += MemoryOf(*process);
      cpus += process->cpu_ratio;
      metrics.active_threads += process->threads;
    }
    metrics.memory_usage_mb = bytes / 1e6;
    metrics.cpu_usage_percent = Percent(cpus, CpusOf(sample.machine));
  }

  const auto disk_total = static_cast<double>(sample.machine.disk_total_bytes);
  const auto disk_available = static_cast<double>(sample.machine.disk_available_bytes);
  metrics.disk_usage_percent = Percent(disk_total - disk_available, disk_total);
  for (const ListenerSample& listener : sample.listeners) {
    metrics.request_queue_size += listener.depth;
  }
  for (const PoolSample& pool : sample.pools) {
    if (pool.capacity == 0) continue;
    metrics.connection_pool_utilization =
        std::fmax(metrics.connection_pool_utilization, pool.utilisation);  // ignores a NaN
  }
  return metrics;
}

PerformanceMetrics PerformanceOf(const Sample& sample) {
  PerformanceMetrics metrics;
  metrics.avg_response_time = sample.recent.mean_seconds;
  metrics.slow_request_count = sample.recent.slow;
  metrics.error_rate = sample.recent.error_ratio;
  metrics.throughput_rps = sample.recent.requests_per_second;
  metrics.database_query_time = SqlSecondsOf(sample);
  metrics.cache_hit_rate = CacheHitRatioOf(sample);
  return metrics;
}

}  // namespace stirbar
