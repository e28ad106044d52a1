// The one table of settings. The C++ struct, the segment's configuration block, the Python
// `ResponsivenessConfig`, the environment variables (`STIRBAR_` + upper case name), the API and
// docs/configuration.md are all made from it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stirbar {

// kMode: 0 off, 1 observe (says what it would do), 2 on.
enum class SettingType : uint8_t { kRatio, kSeconds, kCount, kSwitch, kMode };

inline constexpr double kModeOff = 0;
inline constexpr double kModeObserve = 1;
inline constexpr double kModeOn = 2;

// X(name, type, default, lowest, highest, meaning). The first six are the seed's, with its names
// and defaults. Order is part of the segment's layout: add at the end.
// clang-format off
#define STIRBAR_SETTINGS(X)                                                                        \
  X(memory_warning_threshold, kRatio, 0.8, 0.05, 1,                                                \
    "Share of the memory limit (container) or of the machine's memory from which health is "       \
    "'warning' and cleanup begins")                                                                \
  X(memory_critical_threshold, kRatio, 0.9, 0.05, 1,                                               \
    "Share of memory from which health is 'critical'")                                             \
  X(cpu_warning_threshold, kRatio, 0.8, 0.05, 1,                                                   \
    "Share of the CPUs that the app may use from which health is 'warning'")                       \
  X(cpu_critical_threshold, kRatio, 0.9, 0.05, 1,                                                  \
    "Share of the CPUs that, held for 5 minutes, makes health 'critical'")                         \
  X(monitoring_interval, kSeconds, 30, 1, 3600,                                                    \
    "How often the resource figures are logged and a cleanup is considered; the pages are fed "    \
    "every second whatever this says")                                                             \
  X(cleanup_enabled, kSwitch, 1, 0, 1,                                                             \
    "Whether cleanup runs by itself; off only recommends it")                                      \
  X(slow_request_threshold, kSeconds, 5, 0.01, 3600,                                               \
    "A request that takes longer counts as slow, and a worker that is in one as stuck")            \
  X(error_rate_warning_threshold, kRatio, 0.05, 0, 1,                                              \
    "Share of requests of the last minute answered with 5xx from which health is 'warning'")       \
  X(error_rate_critical_threshold, kRatio, 0.25, 0, 1,                                             \
    "Share of 5xx answers from which health is 'critical'")                                        \
  X(lock_wait_warning_threshold, kSeconds, 0.25, 0.02, 3600,                                       \
    "Wait for the interpreter lock from which health is 'warning'")                                \
  X(lock_wait_critical_threshold, kSeconds, 0.5, 0.02, 3600,                                       \
    "Wait for the interpreter lock from which a worker counts as hung")                            \
  X(heartbeat_warning_threshold, kSeconds, 1, 0.5, 3600,                                           \
    "Silence of a worker's native thread from which health is 'warning'")                          \
  X(heartbeat_critical_threshold, kSeconds, 3, 0.5, 3600,                                          \
    "Silence of a worker's native thread from which the worker counts as hung")                    \
  X(accept_queue_warning_threshold, kCount, 10, 1, 1000000,                                        \
    "Connections waiting in the kernel for a worker from which health is 'warning'")               \
  X(accept_queue_critical_threshold, kCount, 100, 1, 1000000,                                      \
    "Connections waiting in the kernel for a worker from which health is 'critical'")              \
  X(hang_limit, kSeconds, 60, 1, 86400,                                                            \
    "When every worker has been hung for so long, /health/live fails")                             \
  X(queue_time_warning_threshold, kSeconds, 0.5, 0.001, 3600,                                      \
    "Queue time that 1 of 20 requests of the last minute exceeds from which health is 'warning'")  \
  X(queue_time_critical_threshold, kSeconds, 2, 0.001, 3600,                                       \
    "Queue time that 1 of 20 requests of the last minute exceeds from which health is 'critical'") \
  X(saturation_warning_threshold, kRatio, 0.7, 0.05, 1,                                            \
    "Saturation from which health is 'warning': at 0.5 every request slot is busy, at 1 who comes " \
    "now waits longer than request_deadline")                                                      \
  X(saturation_critical_threshold, kRatio, 0.95, 0.05, 1,                                          \
    "Saturation from which health is 'critical'")                                                  \
  X(observe_only, kSwitch, 0, 0, 1,                                                                \
    "Changes nothing in the app: each action that is on acts as 'observe'")                        \
  X(admission, kMode, 2, 0, 2,                                                                     \
    "Whether requests that cannot be answered before their deadline are refused early (503)")      \
  X(request_deadline, kSeconds, 10, 0.05, 3600,                                                    \
    "How long a client waits for its answer, queue included, where neither the route nor a "       \
    "trusted header says otherwise")                                                               \
  X(queue_delay_target, kSeconds, 0.1, 0.001, 60,                                                  \
    "Queue time which, when no request of an interval stayed below it, means overload")            \
  X(concurrency_limit, kCount, 0, 0, 100000,                                                       \
    "Most requests at once in one worker before others are refused; 0: found by measurement")      \
  X(backlog_control, kMode, 2, 0, 2,                                                               \
    "Whether under overload the kernel's accept queue is shortened to what can be answered in "    \
    "time")                                                                                        \
  X(shed_level, kCount, -1, -1, 3,                                                                 \
    "Set by the operator: 0 refuses nobody, 1 background, 2 sheddable, 3 normal requests too; "    \
    "-1: decided by measurement")                                                                  \
  X(stuck_request_limit, kSeconds, 30, 0.1, 86400,                                                 \
    "A request that runs longer is stuck, where its route sets no limit of its own")               \
  X(stuck_request_record, kMode, 2, 0, 2,                                                          \
    "Whether a stuck request is recorded while it runs, with its stack")                           \
  X(stuck_request_interrupt, kMode, 1, 0, 2,                                                       \
    "Whether a stuck request is interrupted (its client gets 504)")                                \
  X(stuck_request_replace, kMode, 1, 0, 2,                                                         \
    "Whether a worker whose request stays stuck is replaced")                                      \
  X(stuck_request_replace_after, kSeconds, 30, 0, 86400,                                           \
    "How long after the limit a worker with a stuck request is replaced")                          \
  X(replacements_per_hour, kCount, 6, 1, 3600,                                                     \
    "Most workers that are replaced in an hour")                                                   \
  X(outgoing_timeouts, kMode, 2, 0, 2,                                                             \
    "Whether outgoing HTTP calls without a time-out get the two below; observe only warns")        \
  X(outgoing_connect_timeout, kSeconds, 3, 0.1, 3600,                                              \
    "Time-out for connecting of an outgoing HTTP call that has none of its own")                   \
  X(outgoing_read_timeout, kSeconds, 10, 0.1, 3600,                                                \
    "Time-out for each read of an outgoing HTTP call that has none of its own")                    \
  X(long_lived_limit, kCount, 0, 0, 100000,                                                        \
    "Most streams (server-sent events, downloads) open at once in the whole app; further ones get " \
    "503; 0: no limit")                                                                            \
  X(client_address_bits, kCount, 24, 0, 32,                                                        \
    "How much of a client's IPv4 address is shown (twice as much of an IPv6 one); 0: nothing")      \
  X(connection_pool, kMode, 2, 0, 2,                                                               \
    "Whether engines that SQLAlchemy would give its QueuePool get Stirbar's; observe: they keep "  \
    "theirs, and who holds its connections is told; off: it is left alone; read when an engine "   \
    "is made")                                                                                     \
  X(pool_lifetime, kSeconds, 1800, 0, 604800,                                                      \
    "Age at which a connection is replaced, up to a tenth earlier by chance; 0: never")            \
  X(pool_idle_timeout, kSeconds, 3600, 1, 604800,                                                  \
    "A connection that nobody has used for so long is closed")                                     \
  X(pool_overflow_linger, kSeconds, 30, 0, 86400,                                                  \
    "How long an idle connection beyond pool_size is kept")                                        \
  X(pool_keep_alive, kSeconds, 120, 0, 86400,                                                      \
    "An idle connection is pinged so often, so that nobody on the way forgets it; 0: never")       \
  X(pool_ping_after, kSeconds, 0.5, 0, 86400,                                                      \
    "A connection that was idle for longer is pinged before it is given out")                      \
  X(pool_leak_threshold, kSeconds, 30, 0.1, 86400,                                                 \
    "A connection held for longer is suspected to be leaked")                                      \
  X(pool_leak_reclaim, kMode, 1, 0, 2,                                                             \
    "Whether a connection still held when its request has ended is taken back; observe: the event " \
    "that tells of the leak says that it would be")                                                \
  X(pool_utilization_warning_threshold, kRatio, 0.9, 0.05, 1,                                      \
    "Share of a pool's connections in use from which health is 'warning' and low-priority "        \
    "checkouts are throttled")                                                                     \
  X(pool_wait_critical_threshold, kSeconds, 1, 0.01, 3600,                                         \
    "Wait for a connection that 1 of 20 checkouts of the last minute exceeds from which health "   \
    "is 'critical'")                                                                               \
  X(pool_throttle, kMode, 2, 0, 2,                                                                 \
    "Whether sheddable and background requests and tasks are refused connections (503) while the " \
    "pool is nearly full")                                                                         \
  X(database_breaker, kMode, 2, 0, 2,                                                              \
    "Whether a database that cannot be reached is left alone for a while, and fails at once")      \
  X(slow_query_threshold, kSeconds, 2, 0.001, 3600,                                                \
    "A statement that takes longer is reported with its route")                                    \
  X(database_connection_ratio, kRatio, 0.8, 0.05, 1,                                               \
    "Share of the server's max_connections that all workers together may use before advice is "    \
    "given")                                                                                       \
  X(history_size_limit, kCount, 200, 8, 1000000,                                                   \
    "Megabytes that the file of the history may take; beyond, what is oldest goes first")          \
  X(history_days, kCount, 400, 1, 3650,                                                            \
    "Days after which the history forgets; seconds, ten seconds and minutes are kept for 6 hours, " \
    "3 days and 30 days at most")\
  X(alert_group_wait, kSeconds, 10, 0, 3600,                                                       \
    "How long the first alert of a component is kept back, so that those of one cause are told "   \
    "in one message")                                                                              \
  X(alert_group_interval, kSeconds, 300, 1, 86400,                                                 \
    "How long after a message further news of the same component wait, unless they are critical")  \
  X(alert_repeat_interval, kSeconds, 14400, 60, 604800,                                            \
    "After how long an alert that still fires is told again, where nobody has acknowledged it")    \
  X(alert_flap_changes, kCount, 6, 3, 100,                                                         \
    "So many changes within alert_flap_window make an alert flapping, which is told once")         \
  X(alert_flap_window, kSeconds, 600, 10, 86400,                                                   \
    "Over which time the changes of an alert are counted")                                         \
  X(sink_failure_limit, kSeconds, 300, 1, 86400,                                                   \
    "How long a sink of alerts, or an export of the history, has taken nothing before health is "  \
    "'warning'")                                                                                   \
  X(monitor_memory, kMode, 2, 0, 2,                                                                \
    "Whether the rules about memory judge health and raise alerts; observe: what they find is "    \
    "only listed as pending; off: nothing is found")                                               \
  X(monitor_cpu, kMode, 2, 0, 2,                                                                   \
    "Whether the rules about CPU judge health and raise alerts; observe: what they find is "       \
    "only listed as pending; off: nothing is found")                                               \
  X(monitor_disk, kMode, 2, 0, 2,                                                                  \
    "Whether the rules about the disk judge health and raise alerts; observe: what they find is "  \
    "only listed as pending; off: nothing is found")                                               \
  X(monitor_queue, kMode, 2, 0, 2,                                                                 \
    "Whether the rules about the queue judge health and raise alerts; observe: what they find is " \
    "only listed as pending; off: nothing is found")                                               \
  X(monitor_requests, kMode, 2, 0, 2,                                                              \
    "Whether the rules about requests judge health and raise alerts; observe: what they find is "  \
    "only listed as pending; off: nothing is found")                                               \
  X(monitor_workers, kMode, 2, 0, 2,                                                               \
    "Whether the rules about workers judge health and raise alerts; observe: what they find is "   \
    "only listed as pending; off: nothing is found")                                               \
  X(monitor_database, kMode, 2, 0, 2,                                                              \
    "Whether the rules about connections and databases judge health and raise alerts; observe: what they find is "\
    "only listed as pending; off: nothing is found")\
  X(cleanup_garbage, kMode, 2, 0, 2,                                                               \
    "Whether a cleanup runs Python's garbage collector: the young generations first, all while "   \
    "memory stays short")                                                                          \
  X(cleanup_caches, kMode, 2, 0, 2,                                                                \
    "Whether a cleanup evicts entries of the caches registered with stirbar.cache")                \
  X(cleanup_connections, kMode, 2, 0, 2,                                                           \
    "Whether a cleanup closes idle pool connections beyond cleanup_idle_connections")              \
  X(cleanup_callbacks, kMode, 2, 0, 2,                                                             \
    "Whether a cleanup calls what the app has registered with stirbar.cleanup")                    \
  X(cleanup_trim, kMode, 2, 0, 2,                                                                  \
    "Whether a cleanup gives the allocator's free memory back to the system (malloc_trim)")        \
  X(cleanup_idle_wait, kSeconds, 5, 0, 300,                                                        \
    "How long a cleanup waits for a moment without a request in its worker; in an emergency it "   \
    "does not wait")                                                                               \
  X(cleanup_budget, kSeconds, 0.25, 0.001, 60,                                                     \
    "Time that one step of a cleanup may take in a worker: steps that can stop then do, others "   \
    "are repeated less often")                                                                     \
  X(cleanup_idle_connections, kCount, 1, 0, 10000,                                                 \
    "Idle connections that a cleanup leaves in each pool")                                         \
  X(emergency, kMode, 2, 0, 2,                                                                     \
    "Whether at critical memory all workers are cleaned up and then the largest one is recycled")  \
  X(emergency_cooldown, kSeconds, 30, 1, 86400,                                                    \
    "Pause after a worker was recycled for memory, before anything else is done about it")         \
  X(recycle_drain_timeout, kSeconds, 30, 0, 3600,                                                  \
    "How long a recycled worker may take to end its requests before it is killed")                 \
  X(pool_leak_close, kSwitch, 0, 0, 1,                                                             \
    "Whether what pool_leak_reclaim takes back is closed; off: it is rolled back and returned")
// clang-format on

enum class SettingId : uint8_t {
#define STIRBAR_SETTING_ID(name, type, initial, lowest, highest, meaning) name,
  STIRBAR_SETTINGS(STIRBAR_SETTING_ID)
#undef STIRBAR_SETTING_ID
};

struct SettingSpec {
  SettingId id;
  std::string_view name;
  SettingType type;
  double initial;
  double lowest;
  double highest;
  std::string_view meaning;
};

inline constexpr std::array kSettingSpecs{
#define STIRBAR_SETTING_SPEC(name, type, initial, lowest, highest, meaning) \
  SettingSpec{SettingId::name, #name, SettingType::type, initial, lowest, highest, meaning},
    STIRBAR_SETTINGS(STIRBAR_SETTING_SPEC)
#undef STIRBAR_SETTING_SPEC
};

inline constexpr size_t kSettingCount = kSettingSpecs.size();

// Where a value comes from. A later one in this list overrides an earlier one.
enum class SettingOrigin : uint8_t {
  kDefault = 0,
  kApplication = 1,  // Stirbar(app, config=...), app.config
  kFile = 2,         // [settings] of stirbar.toml
  kEnvironment = 3,  // STIRBAR_...
  kRuntime = 4       // the operator, while the app runs
};

// When a change at run time is obeyed; by the workers within a second where nothing else is said.
enum class SettingEffect : uint8_t { kAtOnce, kNextRequest, kEngineMade };

// One value for each setting, in the table's units (ratio 0..1, seconds, count, 0 or 1; 0, 1, 2 for
// a mode).
struct Settings {
#define STIRBAR_SETTING_FIELD(name, type, initial, lowest, highest, meaning) double name = initial;
  STIRBAR_SETTINGS(STIRBAR_SETTING_FIELD)
#undef STIRBAR_SETTING_FIELD

  double& operator[](SettingId id);
  double operator[](SettingId id) const;
};

// The row of `name`, or null.
const SettingSpec* FindSetting(std::string_view name);

SettingEffect EffectOf(const SettingSpec& spec);

// The critical threshold that the warning threshold `warning` must not exceed; null: it is none, or
// has none.
const SettingSpec* CriticalOf(const SettingSpec& warning);

// What `spec` takes, in words: "a ratio from 0.05 to 1".
std::string AllowedValues(const SettingSpec& spec);

// `value` as ParseSetting reads it: "0.85", "30", "on", "observe".
std::string SettingText(const SettingSpec& spec, double value);

// A value that is not taken. Text() is the one sentence that everybody says of it: the page, the
// API, the command line, the file, the environment and the application.
struct SettingRefusal {
  std::string field;
  std::string value;
  std::string allowed;

  std::string Text() const {
    return field + ": '" + value + "' is not allowed; it takes " + allowed;
  }
};

// Reads `text` ("0.85", "30", "true", "off") as a value of `spec`. Failure: an error that names the
// field, the value and the allowed range.
Result<double> ParseSetting(const SettingSpec& spec, std::string_view text);

// Success, or an error that names the field, the value and the allowed range.
Result<double> CheckSetting(const SettingSpec& spec, double value);

// Checks what no single field can: each warning threshold must lie below its critical one. Returns
// the settings, or an error that names both fields and values.
Result<Settings> CheckSettings(const Settings& settings);

// What the setting `mode` means while observe_only is `observe_only`: 0, 1 or 2.
inline constexpr double EffectiveMode(double mode, double observe_only) {
  return observe_only != 0 && mode == kModeOn ? kModeObserve : mode;
}

std::string_view Name(SettingType type);
std::string_view Name(SettingOrigin origin);
std::string_view Name(SettingEffect effect);  // "at once", "at the next request", ...

}  // namespace stirbar
