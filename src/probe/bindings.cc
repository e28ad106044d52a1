#include <Python.h>
// First, because CPython asks for it.

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "base/clock.h"
#include "probe/arena_figures.h"
#include "probe/bindings.h"
#include "probe/cache_counters.h"
#include "probe/cleanup.h"
#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/request_arrival.h"
#include "segment/config.h"
#include "segment/counters.h"
#include "segment/published.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

ServerKind ServerKindOf(const std::string& name) {
  if (name == "gunicorn") return ServerKind::kGunicorn;
  if (name == "uwsgi") return ServerKind::kUwsgi;
  if (name == "waitress") return ServerKind::kWaitress;
  if (name == "werkzeug") return ServerKind::kWerkzeug;
  if (name == "mod_wsgi") return ServerKind::kModWsgi;
  if (name == "gevent") return ServerKind::kGevent;
  return ServerKind::kOther;
}

const SettingSpec& Spec(const std::string& name) {
  const SettingSpec* const spec = FindSetting(name);
  if (spec != nullptr) return *spec;
  std::string known;
  for (const SettingSpec& row : kSettingSpecs) {
    if (!known.empty()) known += ", ";
    known += row.name;
  }
  throw std::invalid_argument(name + ": no such setting; known are " + known);
}

double ValueOf(const Result<double>& value) {
  if (!value) throw std::invalid_argument(value.error());
  return *value;
}

std::string Text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

}  // namespace

bool Configure(const std::string& segment, const std::string& app_name,
               const std::vector<std::string>& supervisor_command,
               const std::map<std::string, double>& settings) {
  CheckAll(settings);
  ProbeOptions options{.segment_path = segment,
                       .app_name = app_name,
                       .settings = {},
                       .supervisor_command = supervisor_command,
                       .supervisor_environment = {}};
  if (!supervisor_command.empty()) {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      options.supervisor_environment.emplace_back(*entry);
    }
  }
  for (const auto& [name, value] : settings) options.settings[Spec(name).id] = value;
  return Probe::Get().Configure(std::move(options), PY_VERSION_HEX);
}

bool Start(const std::string& server, bool lock_is_given_up, uint32_t capacity,
           const std::vector<int>& listeners, uint32_t backlog) {
  return Probe::Get().Start(
      {.kind = ServerKindOf(server),
       .lock_probe = lock_is_given_up ? LockProbe::kRunning : LockProbe::kUnavailable,
       .capacity = capacity,
       .listeners = listeners,
       .backlog = backlog});
}

void SetTrustedPeers(const std::vector<std::pair<std::string, int>>& peers) {
  TrustedPeers wanted;
  wanted.Clear();
  for (const auto& [network, bits] : peers) {
    if (wanted.Add(network, bits)) continue;
    throw std::invalid_argument("trusted_peers: '" + network + "/" + std::to_string(bits) +
                                "' is not allowed; it takes up to 64 networks, such as 10.0.0.0/8, "
                                "and 'unix'");
  }
  Trusted() = wanted;
}

double Pressure() {
  const Attachment* const attachment = Probe::Current();
  return attachment != nullptr ? attachment->orders.pressure.load(std::memory_order_relaxed) : 0;
}

uint32_t ShedLevel() {
  const Attachment* const attachment = Probe::Current();
  return attachment != nullptr ? attachment->orders.shed_level.load(std::memory_order_relaxed) : 0;
}

uint32_t BacklogOrdered() {
  const Attachment* const attachment = Probe::Current();
  return attachment != nullptr ? attachment->orders.backlog.load(std::memory_order_relaxed) : 0;
}

uint32_t ConcurrencyLimitNow() {
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return 0;
  const uint32_t set = attachment->orders.concurrency_limit.load(std::memory_order_relaxed);
  if (set != 0) return set;
  return attachment->load.Limit(
      attachment->slot().admission.capacity.load(std::memory_order_relaxed));
}

void CountDegraded() {
  const Attachment* const attachment = Probe::Current();
  const uint32_t request = CurrentRequest();
  if (attachment == nullptr || request >= kMaxInFlight) return;
  WorkerSlot& slot = attachment->slot();
  const uint32_t route = slot.in_flight[request].route.load(std::memory_order_relaxed);
  if (route >= kMaxRoutes) return;
  Word& used = slot.routes_used[route / 64];
  used.store(used.load(std::memory_order_relaxed) | uint64_t{1} << (route % 64),
             std::memory_order_relaxed);
  AddTo(slot.routes[route].degraded, 1);
}

bool Degrades(double at) {
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr || Pressure() < at ||
      attachment->orders.observe_only.load(std::memory_order_relaxed) != 0) {
    return false;
  }
  CountDegraded();
  return true;
}

bool ChangesNothing() {
  const Attachment* const attachment = Probe::Current();
  return attachment != nullptr &&
         attachment->orders.observe_only.load(std::memory_order_relaxed) != 0;
}

void Shutdown() { Probe::Get().Shutdown(); }

std::string Trouble() { return Probe::Get().Trouble(); }

std::map<std::string, long long> State() {
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return {};
  const WorkerSlot& slot = attachment->slot();
  uint64_t requests = 0;
  ForEachRoute(slot.routes_used,
               [&](uint32_t route) { requests += RequestsOf(slot.routes[route]); });
  long long queue_times = 0;
  for (const HalfWord& bucket : slot.queue_histogram) queue_times += bucket.load();
  long long in_flight = 0;
  for (const InFlight& request : slot.in_flight) in_flight += request.started_ns.load() != 0;
  return {{"slot", attachment->slot_index()},
          {"pid", PidOf(slot.owner.load())},
          {"requests", static_cast<long long>(requests)},
          {"queue_times", queue_times},
          {"in_flight", in_flight}};
}

std::map<std::string, std::string> Supervisor() {
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return {};
  const SupervisorBlock& supervisor = attachment->segment().supervisor;
  const uint64_t owner = supervisor.owner.load(std::memory_order_acquire);
  if (owner == 0) return {};
  const Nanoseconds age = AgeOf(supervisor.heartbeat_ns.load(), MonotonicNs());
  return {{"url", std::string(supervisor.url, strnlen(supervisor.url, sizeof supervisor.url))},
          {"pid", std::to_string(PidOf(owner))},
          {"heartbeat_age_seconds", Text(Seconds(age))}};
}

std::string SegmentPath(const std::string& name) {
  const char* const configured = std::getenv("STIRBAR_SEGMENT");
  if (configured != nullptr && *configured != '\0') return configured;
  const Result<std::string> folder = SegmentFolder();
  if (!folder) throw std::runtime_error(folder.error());
  return *folder + "/" + SafeName(name) + ".segment";
}

std::optional<std::string> SnapshotText() {
  const Attachment* const attachment = Probe::Current();
  return attachment != nullptr ? ReadSnapshot(attachment->segment()) : std::nullopt;
}

std::map<std::string, std::vector<double>> History(size_t points) {
  std::map<std::string, std::vector<double>> series;
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return series;
  for (const HistoryValues& point : ReadHistory(attachment->segment(), points)) {
    series["time"].push_back(static_cast<double>(point.wall_ms) * 1e-3);
    series["memory_ratio"].push_back(point.memory_ratio);
    series["memory_bytes"].push_back(point.memory_bytes);
    series["cpu_ratio"].push_back(point.cpu_ratio);
    series["requests_per_second"].push_back(point.requests_per_second);
    series["error_ratio"].push_back(point.error_ratio);
    series["p50_seconds"].push_back(point.p50_seconds);
    series["p95_seconds"].push_back(point.p95_seconds);
    series["p99_seconds"].push_back(point.p99_seconds);
    series["accept_queue"].push_back(point.accept_queue);
    series["in_flight"].push_back(point.in_flight);
    series["lock_wait_seconds"].push_back(point.lock_wait_seconds);
    series["workers"].push_back(point.workers);
    series["saturation"].push_back(point.saturation);
    series["refused_per_second"].push_back(point.refused_per_second);
    series["queue_p50_seconds"].push_back(point.queue_p50_seconds);
    series["queue_p95_seconds"].push_back(point.queue_p95_seconds);
    series["pool_utilisation"].push_back(point.pool_utilisation);
    series["pool_waiting"].push_back(point.pool_waiting);
    series["pool_wait_p95_seconds"].push_back(point.pool_wait_p95_seconds);
    series["database_seconds"].push_back(point.database_seconds);
  }
  return series;
}

std::vector<std::map<std::string, std::string>> SettingRows() {
  std::vector<std::map<std::string, std::string>> rows;
  for (const SettingSpec& spec : kSettingSpecs) {
    rows.push_back({{"name", std::string(spec.name)},
                    {"type", std::string(Name(spec.type))},
                    {"default", Text(spec.initial)},
                    {"lowest", Text(spec.lowest)},
                    {"highest", Text(spec.highest)},
                    {"meaning", std::string(spec.meaning)}});
  }
  return rows;
}

double CheckOne(const std::string& name, double value) {
  return ValueOf(CheckSetting(Spec(name), value));
}

double ParseOne(const std::string& name, const std::string& text) {
  return ValueOf(ParseSetting(Spec(name), text));
}

void CheckAll(const std::map<std::string, double>& values) {
  Settings settings;
  for (const auto& [name, value] : values) {
    const SettingSpec& spec = Spec(name);
    settings[spec.id] = ValueOf(CheckSetting(spec, value));
  }
  const Result<Settings> checked = CheckSettings(settings);
  if (!checked) throw std::invalid_argument(checked.error());
}

std::map<std::string, double> CurrentSettings() {
  const Attachment* const attachment = Probe::Current();
  const Settings settings =
      attachment != nullptr ? ReadSettings(attachment->segment()).values : Settings();
  std::map<std::string, double> values;
  for (const SettingSpec& spec : kSettingSpecs) values[std::string(spec.name)] = settings[spec.id];
  return values;
}

std::map<std::string, long long> RunStep(uint32_t step, bool trims) {
  if (step >= kCleanupSteps) throw std::invalid_argument("there is no such step");
  const CleanupEffect effect = RunNativeStep(static_cast<CleanupStep>(step), trims);
  return {{"before_bytes", static_cast<long long>(effect.before_bytes)},
          {"after_bytes", static_cast<long long>(effect.after_bytes)},
          {"count", static_cast<long long>(effect.count)},
          {"duration_ns", static_cast<long long>(effect.duration_ns)}};
}

std::optional<std::tuple<uint32_t, uint32_t, uint32_t, double>> TakePythonStep() {
  const std::optional<PythonStep> step = TakeCleanup();
  if (!step) return std::nullopt;
  return std::tuple{static_cast<uint32_t>(step->step), step->percent, step->keeps,
                    step->budget_seconds};
}

void EndPythonStep(uint64_t count, uint32_t outcome, const std::string& text) {
  EndCleanup(count, static_cast<CleanupOutcome>(outcome), text);
}

std::map<std::string, uint64_t> Arenas() {
  const ArenaFigures arenas = ReadArenas();
  return {{"bytes", arenas.bytes}, {"used_bytes", arenas.used_bytes}};
}

uint32_t AddNamedCache(const std::string& name) { return AddCache(name.c_str()); }

std::map<std::string, uint64_t> CacheTotals(uint32_t cache) {
  const CacheCounts counts = CountsOf(cache);
  return {{"hits", counts.hits}, {"misses", counts.misses}, {"evictions", counts.evictions}};
}

}  // namespace stirbar
