#include "supervisor/publish/databases_json.h"

#include <algorithm>

namespace stirbar {
namespace {

using Statement = DatabaseServerSample::Statement;

void WriteStatements(const std::vector<Statement>& statements, size_t most, JsonWriter* json) {
  json->BeginArray("long_running");
  for (size_t i = 0; i < std::min(statements.size(), most); ++i) {
    json->BeginObject();
    json->Field("thread", statements[i].thread);
    json->Field("seconds", statements[i].seconds);
    json->Field("state", statements[i].state);
    json->Field("text", statements[i].text);
    json->EndObject();
  }
  json->EndArray();
}

void WriteDatabase(const DatabaseServerSample& server, size_t most_statements, JsonWriter* json) {
  const bool available = server.unavailable_since_wall == 0;
  const bool known = !server.version.empty();
  const auto now = [available](auto value) {
    return available ? std::optional(value) : std::nullopt;
  };
  const auto ever = [known](auto value) { return known ? std::optional(value) : std::nullopt; };
  json->BeginObject();
  json->Field("name", server.name);
  json->Field("version", ever(server.version));
  json->Field("available", available);
  json->Field("unavailable_since",
              available ? std::nullopt : std::optional(Exact{server.unavailable_since_wall}));
  json->Field("error", available ? std::nullopt : std::optional(server.error));
  json->Field("answered_age_seconds", server.answered_age_seconds);
  json->Field("answer_seconds", server.answer_seconds);
  json->Field("uptime_seconds", now(server.uptime_seconds));
  json->Field("connections", now(server.connections));
  json->Field("connections_max_used", now(server.connections_max_used));
  json->Field("max_connections", ever(server.max_connections));
  json->Field("threads_running", now(server.threads_running));
  json->Field("wait_timeout_seconds", ever(server.wait_timeout_seconds));
  json->Field("aborted_clients", now(server.aborted_clients));
  json->Field("aborted_connects", now(server.aborted_connects));
  json->Field("queries_per_second", server.queries_per_second);
  json->Field("slow_queries", now(server.slow_queries));
  json->Field("slow_queries_per_second", server.slow_queries_per_second);
  json->Field("lock_waits_now", now(server.lock_waits_now));
  json->Field("lock_waits_per_second", server.lock_waits_per_second);
  json->Field("lock_wait_mean_seconds", server.lock_wait_mean_seconds);
  json->Field("buffer_pool_hit_ratio", server.buffer_pool_hit_ratio);
  json->Field("is_replica", server.is_replica);
  json->Field("replica_lag_seconds", server.replica_lag_seconds);
  json->Field("read_only", ever(server.read_only));
  WriteStatements(server.long_running, most_statements, json);
  json->EndObject();
}

}  // namespace

void WriteDatabases(const Sample& sample, size_t most_statements, JsonWriter* json) {
  json->BeginArray("databases");
  for (const DatabaseServerSample& server : sample.databases) {
    WriteDatabase(server, most_statements, json);
  }
  json->EndArray();
}

}  // namespace stirbar
