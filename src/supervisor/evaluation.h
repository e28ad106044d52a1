// What a sample means: states, findings, health, advice. Included by supervisor.h; include that.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/metric_table.h"
#include "supervisor/rule_samples.h"
#include "supervisor/sample.h"

namespace stirbar {

enum class Status { kHealthy, kWarning, kCritical };

enum class WorkerCondition {
  kStarting,  // not serving yet
  kIdle,      // alive, nothing in flight
  kBusy,      // alive, requests in flight, none too old
  kStuck,     // a request in flight is older than slow_request_threshold
  kLockHeld,  // a thread does not give the interpreter lock up
  kSilent,    // its native threads do not run either: frozen, swapped out, or starved of CPU
  kStopped,   // SIGSTOP or a debugger
  kExiting,   // shutting down in good order
  kDead,
};

struct WorkerVerdict {
  uint32_t slot = 0;
  uint32_t pid = 0;
  WorkerCondition condition = WorkerCondition::kStarting;
  Status status = Status::kHealthy;
  bool hung = false;  // answers nobody
  double hung_seconds = 0;
  std::string reason;  // plain words with figures: "interpreter lock held for 3.2 s by ..."
};

// A rule that has been entered and not yet left: what the seed calls an Alert.
struct Finding {
  std::string rule;       // "memory", "cpu", "heartbeat", "lock_wait", "accept_queue", ...
  std::string component;  // "memory", "cpu", "workers", "queue", "requests", "disk"
  Status severity = Status::kWarning;
  std::optional<uint32_t> slot;
  std::string message;  // with the figures
  double value = 0;
  double threshold = 0;
  uint64_t since_wall_ns = 0;
};

struct Recommendation {
  Status severity = Status::kWarning;
  std::string component;
  std::string text;       // what to do: the exact setting or command
  std::string evidence;   // the figures that say so
  std::string rule{};     // that it answers; empty: it answers none
  std::string effect{};   // what is expected of it, with figures; empty: cannot be told
  std::string command{};  // to be copied into a terminal; empty: there is none
  std::string page{};     // that shows the figures: "/routes"
  // How much of the trouble it is expected to take away, 0..1: the second key of the ranking.
  double gain_ratio = 0;
};

struct ProbeAnswer {                 // of /health/live, /health/ready, /health/startup
  Status status = Status::kHealthy;  // kCritical answers 503
  std::string reason;
};

// Whether a part of the app can be relied on that is not the app's own: a database, another host,
// what alerts are told to.
struct Dependency {
  std::string component;  // that depends on it
  std::string kind;       // database_server, pool, host, sink, export
  std::string name;
  Status status = Status::kHealthy;
  std::string reason{};  // plain words; empty while it is healthy
  std::string detail{};  // how it fares, in plain words; empty: nothing to add
};

// A part of the health that has an address of its own: [health.groups] of stirbar.toml.
struct HealthGroup {
  std::string name;
  std::vector<std::string> members;  // components, and the probes live, ready and startup
  Status fails_at = Status::kCritical;
  ProbeAnswer answer{};
};

struct Assessment {
  Status status = Status::kHealthy;
  std::vector<std::string> reasons;          // why it is not healthy, worst first
  std::map<std::string, Status> components;  // component -> status
  std::map<std::string, std::string> component_reasons;
  std::vector<WorkerVerdict> workers;           // one for each Sample::workers, same order
  std::vector<Finding> findings;                // worst first
  std::vector<Finding> pending;                 // entered, but not for long enough yet
  std::vector<Recommendation> recommendations;  // worst first
  ProbeAnswer live;
  ProbeAnswer ready;
  ProbeAnswer startup;
  std::vector<Dependency> dependencies;  // worst first
  std::vector<HealthGroup> groups;       // by name
};

// The seed's ResourceMetrics. Percent is 0..100; kNotMeasured where there is nothing to measure.
struct ResourceMetrics {
  double memory_usage_percent = kNotMeasured;
  double memory_usage_mb = kNotMeasured;  // of the app: 1 MB = 1,000,000 bytes
  double cpu_usage_percent = kNotMeasured;
  double disk_usage_percent = kNotMeasured;
  double connection_pool_utilization = kNotMeasured;
  uint32_t active_threads = 0;
  uint32_t request_queue_size = 0;
};

// The seed's PerformanceMetrics, over the last minute. Seconds, 0..1 and requests per second.
struct PerformanceMetrics {
  double avg_response_time = kNotMeasured;
  uint64_t slow_request_count = 0;
  double error_rate = kNotMeasured;
  double throughput_rps = 0;
  double database_query_time = kNotMeasured;
  double cache_hit_rate = kNotMeasured;
};

// How loaded the app is and what should be done about it. Pure, but for what the controller
// remembers (evaluate/load_controller.h).
struct LoadVerdict {
  double saturation = kNotMeasured;              // 0..1; docs/operating.md has the formula
  double predicted_wait_seconds = kNotMeasured;  // of a request that comes now
  double service_rate = kNotMeasured;  // requests per second that the app ends when it is busy
  double pressure = 0;                 // 0..1: the worst of memory, CPU, queue
  std::string pressure_source;         // "memory", "cpu", "queue"; empty at 0
  uint32_t shed_level = 0;             // wanted: 0 none .. 3 (Criticality)
  bool shed_by_operator = false;       // the setting shed_level says so
  uint32_t backlog = 0;                // wanted accept queue; 0: the server's own
  std::string shed_reason;             // plain words with the figures; never empty
  std::string backlog_reason;
  double level_age_seconds = 0;   // since when the level is what it is
  uint32_t withheld_level = 0;    // would be wanted if admission were not in mode observe
  uint32_t withheld_backlog = 0;  // the same of backlog_control
};

// How long memory lasts at the rate of the last seconds.
struct MemoryOutlook {
  double seconds_left = std::numeric_limits<double>::infinity();  // where it does not grow, too
  bool running_out = false;  // memory_warning_threshold is reached, and 5 s or less are left
};

struct Evaluation {
  Assessment assessment;
  LoadVerdict load;
  ResourceMetrics resources;
  MemoryOutlook memory_outlook;
  PerformanceMetrics performance;
  MetricValues metrics;  // what rules judge by and the history keeps
  // About the settings of pools and databases, worst first: what to change before it hurts.
  std::vector<Recommendation> connection_advice;
  std::vector<TrendSample> trends;
  // All rules as they stood at the newest full tick; never null.
  std::shared_ptr<const std::vector<RuleSample>> rules =
      std::make_shared<const std::vector<RuleSample>>();
};

}  // namespace stirbar
