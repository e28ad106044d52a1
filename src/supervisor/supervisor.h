// READ THIS FIRST: the supervisor's data and the four stages that it goes through, once a tick.
//
//   collect   Collector::Collect(tick, &sample)     numbers of now, from the segment and the kernel
//   evaluate  Evaluator::Evaluate(sample)           what they mean: states, findings, health
//   mitigate  Mitigator::Act(sample, evaluation)    directives to the workers
//   publish   Publisher::Publish(snapshot)          segment, HTTP, event stream, log
//
// The stages include this file and never each other; run_loop.cc puts them together. Everything
// here is a plain value, so that a stage can be tested with numbers made by hand.
//
// Threads: one. All stages run on the event loop's thread and must not block; a tick has 100 ms.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/settings.h"
#include "segment/layout.h"
#include "supervisor/alert_samples.h"
#include "supervisor/database_samples.h"
#include "supervisor/metric_table.h"
#include "supervisor/records.h"
#include "supervisor/rule_samples.h"

namespace stirbar {

// Not measured, or not measurable here. JSON shows null, metrics leave the series out.
inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

// One turn of the loop. Every turn reads the segment; `full` ones (once a second) also ask the
// kernel.
struct Tick {
  uint64_t now_ns = 0;   // monotonic
  uint64_t wall_ns = 0;  // since 1970
  bool full = false;
};

// ------------------------------------------------------------------------------------- collect

// One process of the app, from /proc. Bytes and counts are totals since its start.
struct ProcessSample {
  uint32_t pid = 0;
  uint32_t parent_pid = 0;
  std::string command;  // comm, at most 15 characters
  char state = '?';     // R S D T t Z, as in /proc/PID/stat
  uint64_t start_ticks = 0;
  uint64_t rss_bytes = 0;
  std::optional<uint64_t>
      pss_bytes;  // from smaps_rollup; up to twice as many seconds old as there are processes
  std::optional<uint64_t> uss_bytes;
  double cpu_seconds = 0;
  double cpu_ratio = 0;  // CPUs used since the last full tick; 1 = one whole CPU
  uint32_t threads = 0;
  std::optional<uint32_t> file_descriptors;  // absent where /proc/PID/fd may not be read
  uint64_t voluntary_switches = 0;
  uint64_t involuntary_switches = 0;
};

// One claimed worker slot.
struct WorkerSample {
  uint32_t slot = 0;
  uint64_t incarnation = 0;
  uint32_t pid = 0;
  WorkerState state = WorkerState::kFree;
  ServerKind server_kind = ServerKind::kUnknown;
  LockProbe lock_probe = LockProbe::kRunning;
  uint32_t python_version = 0;  // PY_VERSION_HEX
  bool alive = true;            // false: the process is gone, the slot about to be folded
  double age_seconds = 0;
  double heartbeat_age_seconds = 0;
  double lock_wait_seconds = 0;       // age of the unanswered wait; 0 when none
  double lock_wait_last_seconds = 0;  // duration of the newest ended wait
  uint64_t requests = 0;
  uint64_t errors = 0;  // 5xx
  uint64_t lock_waits = 0;
  double lock_wait_sum_seconds = 0;
  uint32_t in_flight = 0;  // streams included
  uint32_t streaming = 0;
  double oldest_request_seconds = 0;  // streams left out
  uint32_t capacity = 0;              // requests at once; 0: not known
  uint32_t executor_depth = 0;        // accepted by the server, not begun
  uint32_t cleanup_steps = 0;         // bits 1 << CleanupStep: what it has something for
  bool stacks_readable = false;       // the worker has published where its interpreter lies
  double concurrency_limit = kNotMeasured;
  double queue_delay_seconds = 0;  // smallest queue time of admission's newest interval
  uint32_t shed_level = 0;         // of this worker alone
  double overloaded_seconds = 0;   // 0: is not
  ProcessSample process;
};

struct InFlightSample {
  uint32_t slot = 0;
  uint32_t pid = 0;
  uint32_t thread = 0;
  uint32_t route = kRouteUnknown;
  HttpMethod method = HttpMethod::kOther;
  RequestPhase phase = RequestPhase::kRouting;
  double age_seconds = 0;
  double phase_age_seconds = 0;
  uint32_t index = 0;       // in the worker's table: with started_ns it names this request
  uint64_t started_ns = 0;  // monotonic
  uint64_t python_thread = 0;
  double queue_seconds = kNotMeasured;
  QueueSource queue_source = QueueSource::kNone;
  Criticality criticality = Criticality::kNormal;
  double deadline_seconds = kNotMeasured;  // until the client stops waiting; below 0: has stopped
  double limit_seconds = 0;                // stuck from this duration; 0: exempt
  Activity activity = Activity::kApplication;
  double activity_seconds = 0;                // since when it does that
  double connection_seconds = kNotMeasured;   // has held a pool connection for so long
  std::string client{};                       // masked; empty when not known
  std::array<double, kParts> part_seconds{};  // by Part
  std::array<uint32_t, kParts> part_calls{};
  uint32_t stuck = 0;  // kStuck... bits
};

// Long-lived, and so counted apart from requests: its body is being read, or its route says so.
inline bool IsStream(const InFlightSample& request) {
  return request.phase == RequestPhase::kStreaming || request.limit_seconds <= 0;
}

enum class StackQuality {
  kExact,        // two reads at least 1 ms apart agree
  kApproximate,  // they never did: the thread runs
  kUnreadable,   // see ThreadStack::reason
};

// The Python stack of one thread at one moment, innermost frame first.
struct ThreadStack {
  uint32_t thread = 0;         // native id; 0: not known
  uint64_t python_thread = 0;  // PyThreadState::thread_id
  std::string name;            // of the thread, from /proc; empty: gone
  char state = '?';            // as ProcessSample::state
  bool holds_lock = false;
  std::string
      waits_for;  // "interpreter lock", "futex", "read", "poll", ...; empty: runs or unknown
  StackQuality quality = StackQuality::kUnreadable;
  std::string reason;  // why it is not exact
  std::vector<FrameSample> frames;
  std::optional<InFlightSample> request;  // what it works at
  std::string route;                      // label of the request's
};

// All threads of one worker.
struct WorkerStacks {
  uint32_t slot = 0;
  uint32_t pid = 0;
  std::string unavailable;  // why nothing can be read; else empty
  bool lock_locked = false;
  std::optional<uint32_t> lock_holder;  // native thread id
  std::vector<ThreadStack> threads;     // who works at a request first, oldest request first
};

// A slow request that has ended, or one that was recorded as stuck while it ran.
struct SlowRequestSample {
  uint64_t wall_ns = 0;  // when it ended; of a running one, when it was recorded
  uint32_t slot = 0;
  uint32_t pid = 0;
  uint32_t thread = 0;
  uint64_t started_ns = 0;
  std::string route;     // label
  bool running = false;  // recorded as stuck, not ended
  bool slow = true;      // false: merely the slowest of its minute
  uint32_t status = 0;   // 0: the app raised, or it is still running
  double duration_seconds = 0;
  double queue_seconds = kNotMeasured;
  QueueSource queue_source = QueueSource::kNone;
  std::array<double, kParts> part_seconds{};
  std::array<uint32_t, kParts> part_calls{};
  uint64_t request_bytes = 0;
  std::optional<uint64_t> response_bytes;
  struct Statement {
    std::string text;  // without parameters
    double seconds = 0;
    uint32_t calls = 0;
  };
  std::vector<Statement> statements;
  std::vector<FrameSample> stack;  // sampled while it ran; empty: none was
  double stack_age_seconds = 0;    // how long it had run by then
  StackQuality stack_quality = StackQuality::kUnreadable;
  std::optional<uint32_t> lock_holder;  // thread that held the interpreter lock at that moment
  uint32_t index = kMaxInFlight;        // InFlightSample::index; kMaxInFlight: it had none
};

// Calls of the whole app to one host.
struct HostSample {
  std::string name;  // host:port
  HostTotals totals{};
  uint32_t breakers_open = 0;  // workers whose breaker for it is open
};

// What waits, what is served and what is refused, over the whole app. Measured, not judged: see
// LoadVerdict.
struct TrafficSample {
  uint32_t capacity = 0;         // request slots of all workers; 0: not known
  uint32_t busy = 0;             // requests in flight, streams left out
  uint32_t streams = 0;          // long-lived responses that are open
  uint32_t waiting = 0;          // in accept queues and executors
  double served_per_second = 0;  // requests that ended, over the last two seconds
  HistogramCounts queue_totals{};
  HistogramCounts queue_recent{};           // queue time over the last minute
  double queue_p50_seconds = kNotMeasured;  // of queue_recent, as the next two
  double queue_p95_seconds = kNotMeasured;
  double queue_max_seconds = kNotMeasured;              // to a bucket's width
  double queue_delay_seconds = 0;                       // largest of the workers' newest intervals
  std::map<std::string, uint64_t> queue_sources;        // requests in flight by Name(QueueSource)
  std::array<uint64_t, kCriticalities> refused{};       // since the segment was made
  std::array<uint64_t, kCriticalities> admitted{};      // counted only while shedding is looked at
  std::array<uint64_t, kCriticalities> would_refuse{};  // mode observe
  double refused_per_second = 0;                        // over the last two seconds
  uint32_t shed_level = 0;                              // ordered now (SupervisorBlock)
  uint32_t backlog = 0;      // accept queue ordered now; 0: the server's own
  uint32_t backlog_own = 0;  // what the server had asked for; 0: not known
};

// One route over all workers, dead and alive. Entries of equal text are already added up.
struct RouteSample {
  uint32_t id = kRouteUnknown;
  HttpMethod method = HttpMethod::kOther;
  std::string rule;
  RouteTotals totals{};   // since the segment was made
  uint64_t requests = 0;  // sum of totals.status
  uint32_t in_flight = 0;
  HistogramCounts recent{};  // the last minute
  uint64_t recent_errors = 0;
  // Where the time of the last minute's requests went; sums over them.
  double recent_duration_seconds = 0;
  double recent_queue_seconds = 0;                   // not in the duration
  std::array<double, kParts> recent_part_seconds{};  // by Part; within the duration
};

enum class ListenerKind { kTcp, kUnix };

// One listening socket of the app.
struct ListenerSample {
  ListenerKind kind = ListenerKind::kTcp;
  std::string address;  // "127.0.0.1:8000", "[::]:80", "unix:/run/app.sock"
  uint64_t inode = 0;
  uint32_t depth = 0;    // connections that wait in the kernel to be accepted
  uint32_t backlog = 0;  // most that may wait
};

struct PressureSample {  // PSI, share of the last 10 s in which some / all tasks waited; 0..1
  double cpu_some = kNotMeasured;
  double memory_some = kNotMeasured;
  double memory_full = kNotMeasured;
  double io_some = kNotMeasured;
  double io_full = kNotMeasured;
};

struct CgroupSample {
  int version = 0;  // 0: none found; 1; 2
  std::string path;
  std::optional<uint64_t> memory_limit_bytes;  // absent: no limit below the machine's memory
  uint64_t memory_current_bytes = 0;
  uint64_t memory_inactive_file_bytes = 0;        // can be given back: not counted as used
  std::optional<double> cpu_limit;                // CPUs; absent: no quota
  std::map<std::string, uint64_t> memory_events;  // low, high, max, oom, oom_kill
};

struct MachineSample {
  uint64_t memory_total_bytes = 0;
  uint64_t memory_available_bytes = 0;
  uint32_t cpus = 0;
  uint64_t disk_total_bytes = 0;
  uint64_t disk_available_bytes = 0;
  std::string disk_path;
  CgroupSample cgroup;
  PressureSample pressure;
};

struct EventSample {
  uint64_t number = 0;
  uint64_t wall_ns = 0;
  EventKind kind = EventKind::kNone;
  Severity severity = Severity::kInfo;
  uint32_t slot = kMaxWorkers;
  uint32_t pid = 0;
  uint32_t route = kRouteUnknown;
  double value = 0;
  double value2 = 0;
  std::string text;
};

// A cache of the app over all workers. Totals are since this supervisor began.
struct CacheSample {
  std::string name;
  uint32_t workers = 0;
  bool counted = false;  // hits and misses are known
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t evictions = 0;
  std::optional<uint64_t> entries;  // now, of all workers together
  double hit_ratio = kNotMeasured;  // of the last minute
  uint64_t recent_lookups = 0;      // of the last minute
};

struct Totals {
  uint64_t requests = 0;
  uint64_t errors = 0;  // 5xx
  uint64_t exceptions = 0;
  uint64_t lost = 0;
  uint64_t shed = 0;
  uint64_t workers_exited = 0;
  uint64_t workers_died = 0;
  uint64_t events = 0;
  uint64_t events_overwritten = 0;
  uint64_t probe_faults = 0;
  uint64_t in_flight_overflow = 0;
};

// Figures of the whole app over some time; those over no request are kNotMeasured.
struct RecentSample {
  double window_seconds = 0;  // a minute's window is shorter in the first minute
  uint64_t requests = 0;
  uint64_t errors = 0;
  uint64_t slow = 0;
  double requests_per_second = 0;
  double error_ratio = kNotMeasured;
  double mean_seconds = kNotMeasured;
  double p50_seconds = kNotMeasured;
  double p95_seconds = kNotMeasured;
  double p99_seconds = kNotMeasured;
  double last_completion_age_seconds = 0;  // since a request ended anywhere
};

// Everything measured at one tick. Full-tick figures are carried over to the ticks between.
struct Sample {
  Tick tick;
  std::string app_name;
  std::string app_command;               // what `stirbar run` started; empty when attached
  std::string url;                       // where the supervisor's pages are; empty when it has none
  uint64_t app_started_wall_ns = 0;      // when the segment was made
  std::vector<WorkerSample> workers;     // claimed slots, by slot
  std::vector<ProcessSample> processes;  // the app's process tree: server, workers, their children
  std::vector<InFlightSample> in_flight;  // oldest first
  std::vector<RouteSample> routes;        // by id; only used ones
  double route_window_seconds = 0;        // what RouteSample::recent covers: 60 to 70 s
  std::vector<ListenerSample> listeners;
  TrafficSample traffic;
  std::vector<HostSample> hosts;  // by name
  std::vector<PoolSample> pools;  // by name
  // Held ones first, longest first, at most kConnectionsShown.
  std::vector<ConnectionSample> connections;
  std::vector<LeakSample> leaks;                 // newest last, at most 50
  std::vector<SlowQuerySample> slow_queries;     // newest last, at most 50
  std::vector<DatabaseServerSample> databases;   // in the order of their configuration
  std::vector<SlowRequestSample> slow_requests;  // newest last, at most 100
  std::vector<EventSample> events;               // newest last, at most 200
  std::vector<ActionSample> actions;             // newest last, at most 50
  HistorySample history;
  AlertingSample alerting;                 // how the sinks of alerts fare
  std::vector<ActionCount> action_counts;  // since this supervisor began
  EmergencySample emergency;
  std::vector<CacheSample> caches;  // by name
  MachineSample machine;
  Totals totals;
  RecentSample recent;       // the last minute: what rules and pages judge by
  RecentSample latest;       // the last second: what charts draw
  ProcessSample supervisor;  // this process
  uint64_t supervisor_generation = 0;
  ServerKind server_kind = ServerKind::kUnknown;  // of the newest worker, also when it has gone
  std::optional<uint32_t> server_pid;             // the command that `stirbar run` started
  bool server_alive = true;                       // false: that command has ended
  Settings settings;
  std::array<SettingOrigin, kSettingCount> setting_origins{};  // by SettingId
  std::map<std::string, std::string> unavailable;              // collector -> why it has no figures
};

// The loop keeps one Sample and lets every collector renew its part of it, in a fixed order: the
// segment first, then processes, then what needs their pids.
class Collector {
 public:
  virtual ~Collector() = default;
  virtual std::string_view name() const = 0;
  // Adds its figures to `sample`. Failure: says why in sample->unavailable[name()] and leaves the
  // figures out. Time: a few milliseconds at most.
  virtual void Collect(const Tick& tick, Sample* sample) = 0;
};

// ------------------------------------------------------------------------------------ evaluate

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

// Remembers which rules are entered. Pure otherwise: the same samples give the same evaluations.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual Evaluation Evaluate(const Sample& sample) = 0;
};

// ------------------------------------------------------------------------- mitigate and publish

struct Snapshot {
  Sample sample;
  Evaluation evaluation;
};

class Mitigator {
 public:
  virtual ~Mitigator() = default;
  // Gives directives where the evaluation asks for them, and notes the answers to earlier ones.
  // Called every tick.
  virtual void Act(const Sample& sample, const Evaluation& evaluation) = 0;
};

class Publisher {
 public:
  virtual ~Publisher() = default;
  // Shows `snapshot`. Called after every full tick, and at once when a worker's condition or the
  // app's status has changed.
  virtual void Publish(const std::shared_ptr<const Snapshot>& snapshot) = 0;
};

// Where charts begin: the newest points of the history, oldest first.
class HistorySource {
 public:
  virtual ~HistorySource() = default;
  virtual std::vector<HistoryValues> Recent(size_t points) const = 0;
};

// The Python stacks of the workers, read from their memory while they run (process_vm_readv). Never
// stops a worker. Time: about 2 ms a worker, and 10 ms for one whose threads run.
class StackSource {
 public:
  virtual ~StackSource() = default;
  // Of all workers of `sample`, or of the one with `pid`.
  virtual std::vector<WorkerStacks> Read(const Sample& sample, std::optional<uint32_t> pid) = 0;
};

// The open connections of now, with the stacks of the held ones, read from the workers' memory.
// Time: 5 us a connection, 50 ms at most: those read later have no stack.
class ConnectionSource {
 public:
  virtual ~ConnectionSource() = default;
  // Of all workers of `sample`; held ones first, longest first, at most kConnectionsShown.
  virtual std::vector<ConnectionSample> ReadConnections(const Sample& sample) = 0;
};

// ------------------------------------------------------------------------------- names of values

std::string_view Name(Status status);              // healthy, warning, critical
std::string_view Name(WorkerCondition condition);  // starting, idle, busy, stuck, lock_held, ...
std::string_view Name(HttpMethod method);          // GET, ... ; OTHER
std::string_view Name(RequestPhase phase);         // routing, handling, streaming
std::string_view Name(ServerKind kind);            // gunicorn, uwsgi, ...
std::string_view Name(EventKind kind);             // worker_started, ...
std::string_view Name(Severity severity);          // info, warning, critical
std::string_view Name(QueueSource source);         // none, header, server, socket
std::string_view Name(Criticality criticality);    // critical, normal, sheddable, background
std::string_view Name(Activity activity);          // application, sql, redis, http, checkout
std::string_view Name(Part part);                  // sql, redis, http, lock, garbage
std::string_view Name(StackQuality quality);       // exact, approximate, unreadable
std::string_view Name(PoolLane lane);              // request, task
std::string_view Name(BreakerState state);         // closed, open, half_open
std::string_view Name(ConnectionState state);      // free, connecting, idle, active
std::string_view Name(LeakKind kind);              // none, suspect, confirmed, collected
std::string_view Name(HolderKind kind);  // unknown, raw, connection, session, flask_session
// "GET /item/<int:id>"; "(unmatched)", "(other)" and "(not routed yet)" for the special ones.
std::string RouteLabel(HttpMethod method, uint32_t route, std::string_view rule);

}  // namespace stirbar
