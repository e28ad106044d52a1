// The seed's ResourceMetrics and PerformanceMetrics from a sample.
//
//   memory_usage_percent  in a cgroup with a limit: (current - inactive_file) / limit, what the
//                         kernel cannot take back at once before it kills; else the machine's
//                         (total - available) / total
//   memory_usage_mb       of the app: over its processes the sum of PSS, which counts a page shared
//                         by n processes as 1/n in each; RSS for a process whose PSS is not known.
//                         1 MB = 1,000,000 bytes
//   cpu_usage_percent     CPUs that the app's processes used since the last full tick / CPUs that
//                         it may use (cgroup quota, at most the machine's)
//   disk_usage_percent    (total - available) / total of the file system of the app's directory
//   request_queue_size    connections that wait in the kernel, over all listening sockets
//   avg_response_time, slow_request_count, error_rate, throughput_rps
//                         over the last minute, all workers
//   database_query_time   SQL seconds of the requests of the last minute / those requests
//
//   connection_pool_utilization
//                         0..1: of the fullest pool of the fullest worker; kNotMeasured where no
//                         pool has a limit
//   cache_hit_rate        hits / look-ups of the last minute, over all registered caches that count
//                         them; kNotMeasured where none was asked
#pragma once

#include "supervisor/supervisor.h"

namespace stirbar {

ResourceMetrics ResourcesOf(const Sample& sample);
PerformanceMetrics PerformanceOf(const Sample& sample);

// Bytes in use and the most that may be; kNotMeasured where unknown. The same choice of cgroup or
// machine as memory_usage_percent.
struct MemoryUse {
  double used_bytes = kNotMeasured;
  double limit_bytes = kNotMeasured;
  bool of_cgroup = false;
};
MemoryUse MemoryUseOf(const MachineSample& machine);

// CPUs that the app may use; kNotMeasured where unknown.
double CpusOf(const MachineSample& machine);

// PSS where known, else RSS.
double MemoryOf(const ProcessSample& process);

}  // namespace stirbar
