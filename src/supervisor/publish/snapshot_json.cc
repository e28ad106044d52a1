#include "supervisor/publish/snapshot_json.h"

#include <algorithm>

#include "supervisor/publish/actions_json.h"
#include "supervisor/publish/alerts_json.h"
#include "supervisor/publish/databases_json.h"
#include "supervisor/publish/health_matrix_json.h"
#include "supervisor/publish/health_status.h"
#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/pool_json.h"
#include "supervisor/publish/recommendations_json.h"
#include "supervisor/publish/route_labels.h"
#include "supervisor/publish/snapshot_in_flight_json.h"
#include "supervisor/publish/snapshot_load_json.h"
#include "supervisor/publish/snapshot_machine_json.h"
#include "supervisor/publish/snapshot_slow_json.h"
#include "supervisor/publish/snapshot_traffic_json.h"
#include "supervisor/publish/version.h"

namespace stirbar {
namespace {

// How much is shown of what a flood, a disaster or a damaged segment can multiply.
struct Room {
  size_t in_flight;
  size_t in_flight_bytes;
  size_t slow_bytes;
  size_t events;      // the newest
  size_t actions;     // the newest; of caches the first
  size_t findings;    // of reasons, alerts and recommendations: the worst
  size_t hosts;       // the most called
  size_t statements;  // that run in a database for long: of each server the oldest
  size_t text_bytes;
};
// 128 KiB are some 200 requests in flight, and as many again are 12 stacks in full and 100 requests
// without: with both there is room for 300 routes.
constexpr Room kPlenty{500, 128 * 1024, 128 * 1024, SIZE_MAX, 50, SIZE_MAX, SIZE_MAX, 5, SIZE_MAX};
// All of it for 128 workers, with every byte of a text escaped to six, is below kSnapshotBytes.
constexpr Room kScarce{50, 32 * 1024, 16 * 1024, 20, 5, 20, 20, 1, 100};

// What did not find room.
struct LeftOut {
  bool scarce = false;  // written with kScarce
  size_t in_flight = 0;
  SlowLeftOut slow;
  size_t routes = 0;
};

std::optional<uint32_t> SlotOrNull(uint32_t slot) {
  return slot < kMaxWorkers ? std::optional(slot) : std::nullopt;
}

void WriteApp(const Sample& sample, JsonWriter* json) {
  json->BeginObject("app");
  json->Field("name", sample.app_name);
  json->Field("command", sample.app_command);
  json->Field("server", sample.server_kind == ServerKind::kUnknown ? "" : Name(sample.server_kind));
  json->Field("started", Time{sample.app_started_wall_ns});
  json->Field("server_pid", sample.server_pid);
  json->Field("server_alive", sample.server_alive);
  json->Field("url", sample.url);
  json->EndObject();
}

void WriteTotals(const Totals& totals, JsonWriter* json) {
  json->BeginObject("totals");
  json->Field("requests", totals.requests);
  json->Field("errors", totals.errors);
  json->Field("exceptions", totals.exceptions);
  json->Field("lost", totals.lost);
  json->Field("shed", totals.shed);
  json->Field("workers_exited", totals.workers_exited);
  json->Field("workers_died", totals.workers_died);
  json->Field("events", totals.events);
  json->Field("events_overwritten", totals.events_overwritten);
  json->Field("probe_faults", totals.probe_faults);
  json->Field("in_flight_overflow", totals.in_flight_overflow);
  json->EndObject();
}

void WriteSeedMetrics(const Snapshot& snapshot, JsonWriter* json) {
  const Time now{snapshot.sample.tick.wall_ns};
  const ResourceMetrics& resources = snapshot.evaluation.resources;
  json->BeginObject("resources");
  json->Field("timestamp", now);
  json->Field("memory_usage_percent", resources.memory_usage_percent);
  json->Field("memory_usage_mb", resources.memory_usage_mb);
  json->Field("cpu_usage_percent", resources.cpu_usage_percent);
  json->Field("disk_usage_percent", resources.disk_usage_percent);
  json->Field("connection_pool_utilization", resources.connection_pool_utilization);
  json->Field("active_threads", resources.active_threads);
  json->Field("request_queue_size", resources.request_queue_size);
  json->EndObject();
  const PerformanceMetrics& performance = snapshot.evaluation.performance;
  json->BeginObject("performance");
  json->Field("timestamp", now);
  json->Field("avg_response_time", performance.avg_response_time);
  json->Field("slow_request_count", performance.slow_request_count);
  json->Field("error_rate", performance.error_rate);
  json->Field("throughput_rps", performance.throughput_rps);
  json->Field("database_query_time", performance.database_query_time);
  json->Field("cache_hit_rate", performance.cache_hit_rate);
  json->EndObject();
  const RecentSample& recent = snapshot.sample.recent;
  json->BeginObject("latency");
  json->Field("window_seconds", recent.window_seconds);
  json->Field("p50_seconds", recent.p50_seconds);
  json->Field("p95_seconds", recent.p95_seconds);
  json->Field("p99_seconds", recent.p99_seconds);
  json->EndObject();
}

void WriteAlert(const Finding& finding, JsonWriter* json) {
  json->BeginObject();
  json->Field("rule", finding.rule);
  json->Field("component", finding.component);
  json->Field("severity", Name(finding.severity));
  json->Field("slot", finding.slot);
  json->Field("message", finding.message);
  json->Field("value", finding.value);
  json->Field("threshold", Exact{finding.threshold});
  json->Field("since", Time{finding.since_wall_ns});
  json->EndObject();
}

void WriteProbe(std::string_view name, const ProbeAnswer& answer, JsonWriter* json) {
  json->BeginObject(name);
  json->Field("status", HealthWord(answer.status));
  json->Field("reason", answer.reason);
  json->EndObject();
}

void WriteReasons(const Assessment& assessment, size_t most, JsonWriter* json) {
  json->BeginArray("reasons");
  for (size_t i = 0; i < std::min(assessment.reasons.size(), most); ++i) {
    json->Value(assessment.reasons[i]);
  }
  json->EndArray();
}

void WriteAlerts(const Assessment& assessment, size_t most, JsonWriter* json) {
  json->BeginArray("alerts");
  for (size_t i = 0; i < std::min(assessment.findings.size(), most); ++i) {
    WriteAlert(assessment.findings[i], json);
  }
  json->EndArray();
}

void WriteRecommendations(const Assessment& assessment, size_t most, JsonWriter* json) {
  json->BeginArray("recommendations");
  for (size_t i = 0; i < std::min(assessment.recommendations.size(), most); ++i) {
    WriteRecommendation(assessment.recommendations[i], json);
  }
  json->EndArray();
}

void WriteHealth(const Snapshot& snapshot, size_t most, JsonWriter* json) {
  const Assessment& assessment = snapshot.evaluation.assessment;
  json->BeginObject("health");
  json->Field("overall_status", Name(assessment.status));
  json->BeginObject("components");
  for (const auto& [name, status] : assessment.components) json->Field(name, Name(status));
  json->EndObject();
  json->BeginObject("component_reasons");
  for (const auto& [name, reason] : assessment.component_reasons) json->Field(name, reason);
  json->EndObject();
  WriteAlerts(assessment, most, json);
  WriteRecommendations(assessment, most, json);
  WriteDependencies(assessment, most, json);
  WriteGroups(assessment, json);
  json->Field("last_check", Time{snapshot.sample.tick.wall_ns});
  json->EndObject();
  json->BeginObject("probes");
  WriteProbe("live", assessment.live, json);
  WriteProbe("ready", assessment.ready, json);
  WriteProbe("startup", assessment.startup, json);
  json->EndObject();
}

void WriteSettings(const Sample& sample, JsonWriter* json) {
  json->BeginArray("settings");
  for (const SettingSpec& spec : kSettingSpecs) {
    json->BeginObject();
    json->Field("name", spec.name);
    json->Field("value", Exact{sample.settings[spec.id]});
    json->Field("type", Name(spec.type));
    json->Field("default", Exact{spec.initial});
    json->Field("lowest", Exact{spec.lowest});
    json->Field("highest", Exact{spec.highest});
    json->Field("origin", Name(sample.setting_origins[static_cast<size_t>(spec.id)]));
    json->Field("meaning", spec.meaning);
    json->EndObject();
  }
  json->EndArray();
}

void WriteEvents(const Sample& sample, size_t most, JsonWriter* json) {
  const RouteLabels labels(sample.routes);
  json->BeginArray("events");
  const size_t count = sample.events.size();
  for (size_t i = count - std::min(count, most); i < count; ++i) {
    const EventSample& event = sample.events[i];
    json->BeginObject();
    json->Field("number", event.number);
    json->Field("time", Time{event.wall_ns});
    json->Field("kind", Name(event.kind));
    json->Field("severity", Name(event.severity));
    json->Field("slot", SlotOrNull(event.slot));
    json->Field("pid", event.pid != 0 ? std::optional(event.pid) : std::nullopt);
    json->Field("route", event.route != kRouteUnknown ? std::optional(labels.Of(event.route))
                                                      : std::nullopt);
    json->Field("value", event.value);
    json->Field("text", event.text);
    json->EndObject();
  }
  json->EndArray();
}

// Connections that were leaked since the supervisor began, at the places that are kept.
uint64_t LeaksOf(const Sample& sample) {
  uint64_t count = 0;
  for (const LeakSample& leak : sample.leaks) count += leak.count;
  return count;
}

// Empty when all is there.
std::string DetailsLeftOut(const LeftOut& left_out) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (left_out.scarce) {
    add("there is too much to show: of requests in flight, slow requests, events, alerts, hosts "
        "and long texts only a part is here");
  }
  if (left_out.in_flight > 0) {
    add(std::to_string(left_out.in_flight) + " requests in flight, the youngest, are left out");
  }
  if (left_out.slow.details > 0) {
    add("stack and statements of " + std::to_string(left_out.slow.details) +
        " slow requests, the oldest, are left out");
  }
  if (left_out.slow.requests > 0) {
    add(std::to_string(left_out.slow.requests) + " slow requests, the oldest, are left out");
  }
  return text;
}

void WriteUnavailable(const Sample& sample, const LeftOut& left_out, JsonWriter* json) {
  json->BeginObject("unavailable");
  const std::string details = DetailsLeftOut(left_out);
  if (!details.empty()) json->Field("details", details);
  for (const auto& [collector, reason] : sample.unavailable) json->Field(collector, reason);
  if (left_out.routes > 0) {
    json->Field("routes", std::to_string(left_out.routes) + " of " +
                              std::to_string(sample.routes.size()) +
                              " routes, the least used, are left out; /metrics has them all");
  }
  json->EndObject();
}

std::string WriteSnapshot(const Snapshot& snapshot, const Room& room, bool scarce) {
  const Sample& sample = snapshot.sample;
  LeftOut left_out;
  left_out.scarce = scarce;
  JsonWriter json(room.text_bytes);
  json.BeginObject();
  json.Field("version", Version());
  json.Field("time", Time{sample.tick.wall_ns});
  WriteApp(sample, &json);
  json.Field("status", Name(snapshot.evaluation.assessment.status));
  WriteReasons(snapshot.evaluation.assessment, room.findings, &json);
  WriteTotals(sample.totals, &json);
  WriteTraffic(snapshot, &json);
  WriteWorkers(snapshot, &json);
  left_out.in_flight = WriteInFlight(sample, room.in_flight, room.in_flight_bytes, &json);
  left_out.slow = WriteSlowRequests(sample, room.slow_bytes, room.text_bytes, &json);
  WriteHosts(sample, room.hosts, &json);
  WritePools(sample, PoolDetail::kShort, &json);
  WriteDatabases(sample, room.statements, &json);
  json.Field("leak_count", LeaksOf(sample));
  WriteSeedMetrics(snapshot, &json);
  WriteHealth(snapshot, room.findings, &json);
  WriteAlerting(sample.alerting, &json);
  WriteTrends(snapshot.evaluation, &json);
  WriteListeners(sample, &json);
  WriteMachine(sample.machine, &json);
  WriteProcesses(sample, &json);
  WriteSettings(sample, &json);
  WriteEvents(sample, room.events, &json);
  WriteActions(sample, room.actions, &json);
  WriteCaches(sample, room.actions, &json);
  // Last, because they get the room that is left.
  left_out.routes = WriteRoutes(sample, &json);
  WriteUnavailable(sample, left_out, &json);
  json.EndObject();
  return json.Take();
}

}  // namespace

std::string SnapshotJson(const Snapshot& snapshot) {
  std::string text = WriteSnapshot(snapshot, kPlenty, false);
  return text.size() <= kSnapshotBytes ? text : WriteSnapshot(snapshot, kScarce, true);
}

}  // namespace stirbar
