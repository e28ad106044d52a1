#include "supervisor/publish/rules_json.h"

#include "supervisor/publish/json_writer.h"

namespace stirbar {
namespace {

void WriteLevel(std::string_view name, const std::optional<RuleLevelSample>& level,
                JsonWriter* json) {
  if (!level.has_value()) return json->Field(name, std::nullopt);
  json->BeginObject(name);
  json->Field("enter", Exact{level->enter});
  json->Field("leave", Exact{level->leave});
  json->Field("for_seconds", Exact{level->for_seconds});
  json->Field("leave_for_seconds", Exact{level->leave_for_seconds});
  json->Field("setting", level->setting.empty() ? std::nullopt : std::optional(level->setting));
  json->Field("state", Name(level->state));
  json->EndObject();
}

}  // namespace

std::string RulesJson(const Snapshot& snapshot) {
  JsonWriter json;
  json.BeginObject();
  json.Field("time", Time{snapshot.sample.tick.wall_ns});
  json.BeginArray("rules");
  for (const RuleSample& rule : *snapshot.evaluation.rules) {
    json.BeginObject();
    json.Field("name", rule.name);
    json.Field("component", rule.component);
    json.Field("expression",
               rule.expression.empty() ? std::nullopt : std::optional(rule.expression));
    json.Field("summary", rule.summary);
    json.Field("unit", Name(rule.unit));
    json.Field("origin", Name(rule.origin));
    json.Field("enabled", rule.enabled);
    json.Field("scope", rule.of_workers ? "worker" : "app");
    WriteLevel("warning", rule.warning, &json);
    WriteLevel("critical", rule.critical, &json);
    json.Field("state", Name(rule.state));
    json.Field("value", rule.value);
    json.Field("since",
               rule.since_wall_ns == 0 ? std::nullopt : std::optional(Rfc3339(rule.since_wall_ns)));
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
