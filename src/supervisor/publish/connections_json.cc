#include "supervisor/publish/connections_json.h"

#include <optional>

#include "supervisor/publish/databases_json.h"
#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/pool_json.h"
#include "supervisor/publish/snapshot_slow_json.h"

namespace stirbar {
namespace {

// A text of SQL or of a frame is bounded where it is read; this bounds what a damaged segment says.
constexpr size_t kLongestText = 1000;

std::optional<std::string> IfAny(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void WriteConnection(const ConnectionSample& connection, JsonWriter* json) {
  const bool held = connection.state == ConnectionState::kActive;
  json->BeginObject();
  json->Field("pid", connection.pid);
  json->Field("slot", connection.slot);
  json->Field("pool", connection.pool_name);
  json->Field("number", connection.number);
  json->Field("state", Name(connection.state));
  json->Field("leak", Name(connection.leak));
  json->Field("lane", held ? std::optional(Name(connection.lane)) : std::nullopt);
  json->Field("age_seconds", connection.age_seconds);
  json->Field("state_seconds", connection.state_seconds);
  json->Field("transaction_seconds", connection.transaction_seconds);
  json->Field("statements", connection.statements);
  json->Field("route", IfAny(connection.route_label));
  json->Field("thread", connection.thread != 0 ? std::optional(connection.thread) : std::nullopt);
  json->Field("target", IfAny(connection.target));
  json->Field("holder", held ? std::optional(Name(connection.holder)) : std::nullopt);
  WriteFrames("stack", connection.stack, json);
  json->EndObject();
}

void WriteLeak(const LeakSample& leak, JsonWriter* json) {
  json->BeginObject();
  WriteWallSeconds("first", leak.first_wall_ns, json);
  WriteWallSeconds("last", leak.last_wall_ns, json);
  json->Field("count", leak.count);
  json->Field("returned", leak.returned);
  json->Field("reclaimed", leak.reclaimed);
  json->Field("kind", Name(leak.kind));
  json->Field("holder", Name(leak.holder));
  json->Field("pool", leak.pool_name);
  json->Field("route", IfAny(leak.route_label));
  json->Field("held_seconds", leak.held_seconds);
  json->Field("pid", leak.pid);
  WriteFrames("stack", leak.stack, json);
  json->EndObject();
}

void WriteSlowQuery(const SlowQuerySample& query, JsonWriter* json) {
  json->BeginObject();
  WriteWallSeconds("time", query.wall_ns, json);
  json->Field("seconds", query.seconds);
  json->Field("text", query.text);
  json->Field("pool", query.pool_name);
  json->Field("route", IfAny(query.route_label));
  json->Field("pid", query.pid);
  json->EndObject();
}

// What rules say of databases comes first: it hurts already.
void WriteAdvice(const Evaluation& evaluation, JsonWriter* json) {
  json->BeginArray("advice");
  const auto write = [json](const Recommendation& advice) {
    json->BeginObject();
    json->Field("severity", Name(advice.severity));
    json->Field("text", advice.text);
    json->Field("evidence", advice.evidence);
    json->Field("effect", advice.effect);
    json->Field("command", advice.command);
    json->EndObject();
  };
  std::vector<std::string> said;
  for (const Recommendation& advice : evaluation.assessment.recommendations) {
    if (advice.component != "database") continue;
    write(advice);
    said.push_back(advice.text);
  }
  for (const Recommendation& advice : evaluation.connection_advice) {
    bool again = false;
    for (const std::string& text : said) again = again || text == advice.text;
    if (!again) write(advice);
  }
  json->EndArray();
}

}  // namespace

std::string ConnectionsJson(const Snapshot& snapshot,
                            const std::vector<ConnectionSample>& connections) {
  const Sample& sample = snapshot.sample;
  JsonWriter json(kLongestText);
  json.BeginObject();
  WritePools(sample, PoolDetail::kWhole, &json);
  json.BeginArray("connections");
  for (const ConnectionSample& connection : connections) WriteConnection(connection, &json);
  json.EndArray();
  json.BeginArray("leaks");
  for (const LeakSample& leak : sample.leaks) WriteLeak(leak, &json);
  json.EndArray();
  json.BeginArray("slow_queries");
  for (const SlowQuerySample& query : sample.slow_queries) WriteSlowQuery(query, &json);
  json.EndArray();
  WriteDatabases(sample, SIZE_MAX, &json);
  WriteAdvice(snapshot.evaluation, &json);
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
