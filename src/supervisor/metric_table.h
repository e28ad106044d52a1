// The figures of the whole app that have a name: rules speak of them, the history keeps them,
// charts draw them. One table for all, so that a rule can be replayed over what was recorded. A
// part of supervisor.h; include that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace stirbar {

enum class MetricUnit : uint8_t { kRatio, kSeconds, kBytes, kCount, kPerSecond };

// X(name, unit, meaning). Names are those of the field and of the Prometheus metrics, where there
// is one. Add at the end: the history keeps the columns by name, the order is that of its charts.
// clang-format off
#define STIRBAR_METRICS(X)                                                                           \
  X(memory_ratio, kRatio, "Memory used, of the limit (container) or of the machine's")               \
  X(memory_bytes, kBytes, "Memory of the app's processes, shared pages counted once")                \
  X(cpu_ratio, kRatio, "CPU used, of the CPUs that the app may use")                                 \
  X(disk_ratio, kRatio, "File system of the app's folder in use")                                    \
  X(memory_pressure_ratio, kRatio, "Share of the last 10 s in which some task waited for memory")    \
  X(cpu_pressure_ratio, kRatio, "Share of the last 10 s in which some task waited for a CPU")        \
  X(io_pressure_ratio, kRatio, "Share of the last 10 s in which some task waited for a disk")        \
  X(workers, kCount, "Workers that are there")                                                       \
  X(hung_workers, kCount, "Workers that answer nobody")                                              \
  X(dead_workers, kCount, "Workers that died in the last minute")                                    \
  X(threads, kCount, "Threads of the app's processes")                                               \
  X(requests_per_second, kPerSecond, "Requests that ended, over the last second")                    \
  X(error_ratio, kRatio, "Share of the last minute's requests answered with 5xx; none below 20")     \
  X(slow_ratio, kRatio, "Share of the last minute's requests that were slow; none below 20")         \
  X(slow_requests, kCount, "Slow requests of the last minute")                                       \
  X(mean_seconds, kSeconds, "Mean duration of the last minute's requests")                           \
  X(p50_seconds, kSeconds, "Median duration of the last minute's requests")                          \
  X(p95_seconds, kSeconds, "Duration that 1 of 20 requests of the last minute exceeded")             \
  X(p99_seconds, kSeconds, "Duration that 1 of 100 requests of the last minute exceeded")            \
  X(in_flight, kCount, "Requests in flight, streams included")                                       \
  X(streams, kCount, "Long-lived responses that are open")                                           \
  X(oldest_request_seconds, kSeconds, "Age of the oldest request in flight, streams left out")       \
  X(accept_queue, kCount, "Connections that wait in the kernel to be accepted")                      \
  X(queue_p50_seconds, kSeconds, "Median queue time of the last minute's requests")                  \
  X(queue_p95_seconds, kSeconds, "Queue time that 1 of 20 requests of the last minute exceeded; none below 20")     \
  X(saturation, kRatio, "Saturation: at 0.5 every request slot is busy")                             \
  X(pressure, kRatio, "The worst of memory, CPU and queue")                                          \
  X(shed_level, kCount, "Classes of requests that are refused: 0 none to 3")                         \
  X(refused_per_second, kPerSecond, "Requests refused early, over the last two seconds")             \
  X(lock_wait_seconds, kSeconds, "Longest wait for an interpreter lock that goes on")                \
  X(heartbeat_age_seconds, kSeconds, "Longest silence of a worker's native thread")                  \
  X(pool_utilization, kRatio, "Fullest pool of the fullest worker")                                  \
  X(pool_waiting, kCount, "Threads that wait for a connection")                                      \
  X(pool_wait_p95_seconds, kSeconds, "Wait that 1 of 20 checkouts of the last minute exceeded")      \
  X(leaked_connections, kCount, "Connections held though their request has ended")                   \
  X(database_query_seconds, kSeconds, "SQL time of a request, mean of the last minute")              \
  X(cache_hit_ratio, kRatio, "Hits of the caches registered with stirbar.cache, of the last minute") \
  X(supervisor_cpu_ratio, kRatio, "CPUs that the supervisor itself used")                            \
  X(supervisor_memory_bytes, kBytes, "Resident memory of the supervisor itself")                     \
  X(history_dropped, kCount, "Figures and records that the history had no room for, since the start")\
  X(pool_wait_seconds, kSeconds, "pool_wait_p95_seconds, or below 20 checkouts the oldest wait now")
// clang-format on

enum class MetricId : uint8_t {
#define STIRBAR_METRIC_ID(name, unit, meaning) name,
  STIRBAR_METRICS(STIRBAR_METRIC_ID)
#undef STIRBAR_METRIC_ID
};

struct MetricSpec {
  MetricId id;
  std::string_view name;
  MetricUnit unit;
  std::string_view meaning;
};

inline constexpr std::array kMetricSpecs{
#define STIRBAR_METRIC_SPEC(name, unit, meaning) \
  MetricSpec{MetricId::name, #name, MetricUnit::unit, meaning},
    STIRBAR_METRICS(STIRBAR_METRIC_SPEC)
#undef STIRBAR_METRIC_SPEC
};

inline constexpr size_t kMetricCount = kMetricSpecs.size();

// The row of `name`, or null.
const MetricSpec* FindMetric(std::string_view name);
std::string_view Name(MetricUnit unit);  // ratio, seconds, bytes, count, per_second

// One value for each metric; NaN: not measured.
class MetricValues {
 public:
  MetricValues() { values_.fill(std::numeric_limits<double>::quiet_NaN()); }
  double& operator[](MetricId id) { return values_[static_cast<size_t>(id)]; }
  double operator[](MetricId id) const { return values_[static_cast<size_t>(id)]; }
  // In the order of kMetricSpecs.
  const std::array<double, kMetricCount>& values() const { return values_; }

 private:
  std::array<double, kMetricCount> values_;
};

}  // namespace stirbar
