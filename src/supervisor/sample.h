// What the collectors find: the numbers of now. Included by supervisor.h; include that.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/settings.h"
#include "segment/layout.h"
#include "supervisor/alert_samples.h"
#include "supervisor/database_samples.h"
#include "supervisor/frame_sample.h"
#include "supervisor/records.h"

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

}  // namespace stirbar
