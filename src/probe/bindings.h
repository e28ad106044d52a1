// What module.cc offers to Python, in types that nanobind converts by itself. All are called with
// the interpreter lock held. Errors leave as std::runtime_error (RuntimeError) or
// std::invalid_argument (ValueError); none of these is on the request path.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace stirbar {

// As Probe::Configure. `settings`: by name, of the application. ValueError: one is not allowed.
bool Configure(const std::string& segment, const std::string& app_name,
               const std::vector<std::string>& supervisor_command,
               const std::map<std::string, double>& settings);

// As Probe::Start. `server` is one of gunicorn, uwsgi, waitress, werkzeug, mod_wsgi, gevent, other;
// `lock_is_given_up` is false under a server that holds the interpreter lock all the time.
// `capacity`, `listeners`, `backlog`: as Server.
bool Start(const std::string& server, bool lock_is_given_up, uint32_t capacity,
           const std::vector<int>& listeners, uint32_t backlog);
void Shutdown();
std::string Trouble();

// Of this process: "slot", "pid", "requests", "in_flight"; empty when not attached.
std::map<std::string, long long> State();

// Of the supervisor: "url", "pid", "heartbeat_age_seconds" as text; empty when there is none.
std::map<std::string, std::string> Supervisor();

// Where the segment of the app `name` lies: $STIRBAR_SEGMENT, else in SegmentFolder().
std::string SegmentPath(const std::string& name);

// The peers whose headers are believed, as (address, bits); ("unix", 0) for those without an
// address. ValueError names the one that is none.
void SetTrustedPeers(const std::vector<std::pair<std::string, int>>& peers);

// Load, as the supervisor sees it: 0..1; 0 while there is none.
double Pressure();
// What is ordered: 0 (nobody) .. 3, and the accept queue (0: the server's own).
uint32_t ShedLevel();
uint32_t BacklogOrdered();
// Requests at once that this worker would admit; 0: no limit.
uint32_t ConcurrencyLimitNow();
// Whether a cheaper answer is wanted: pressure has reached `at`, and the app may be changed. Counts
// it as degraded where it is.
bool Degrades(double at);
// Counts the running request as degraded: a cheaper answer that the app chose by itself.
void CountDegraded();

// Whether observe_only is in force.
bool ChangesNothing();

// The newest /api/v1/snapshot (JSON text), as the supervisor left it in the segment.
std::optional<std::string> SnapshotText();
// Columns by name, oldest point first: the "series" of /api/v1/history. NaN: not measured.
std::map<std::string, std::vector<double>> History(size_t points);

// A row of the table of settings: name, type, default, lowest, highest, meaning.
std::vector<std::map<std::string, std::string>> SettingRows();
// The value when it is allowed. ValueError names the field, the value and what is allowed.
double CheckOne(const std::string& name, double value);
double ParseOne(const std::string& name, const std::string& text);
// Checks each value and the order of the thresholds.
void CheckAll(const std::map<std::string, double>& values);
// The settings that hold for the whole app; defaults when not attached.
std::map<std::string, double> CurrentSettings();
// As RunNativeStep: "before_bytes", "after_bytes", "count", "duration_ns".
std::map<std::string, long long> RunStep(uint32_t step, bool trims);
// As TakeCleanup: step, percent, keeps, budget in seconds.
std::optional<std::tuple<uint32_t, uint32_t, uint32_t, double>> TakePythonStep();
void EndPythonStep(uint64_t count, uint32_t outcome, const std::string& text);
// Python's own arenas: "bytes" (0: not known), "used_bytes".
std::map<std::string, uint64_t> Arenas();
uint32_t AddNamedCache(const std::string& name);
// "hits", "misses", "evictions" of this process.
std::map<std::string, uint64_t> CacheTotals(uint32_t cache);

}  // namespace stirbar
