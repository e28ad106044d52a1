#include "supervisor/publish/alerts_json.h"

#include <algorithm>
#include <optional>

namespace stirbar {
namespace {

std::optional<std::string> TimeOrNull(uint64_t wall_ns) {
  return wall_ns != 0 ? std::optional(Rfc3339(wall_ns)) : std::nullopt;
}

void WriteFinding(const Finding& finding, JsonWriter* json) {
  json->Field("rule", finding.rule);
  json->Field("component", finding.component);
  json->Field("severity", Name(finding.severity));
  json->Field("slot", finding.slot);
  json->Field("message", finding.message);
  json->Field("value", finding.value);
  json->Field("threshold", Exact{finding.threshold});
  json->Field("since", TimeOrNull(finding.since_wall_ns));
}

void WriteAlert(const AlertDesk& desk, const Alert& alert, uint64_t wall_ns, JsonWriter* json) {
  const bool fires = alert.state == AlertState::kFiring;
  const Silence* const silence = fires ? desk.book().SilenceOf(alert, wall_ns) : nullptr;
  json->BeginObject();
  json->Field("id", alert.id);
  json->Field("state", fires ? "firing" : "resolved");
  WriteFinding(alert.finding, json);
  json->Field("fired", TimeOrNull(alert.fired_wall_ns));
  json->Field("resolved", TimeOrNull(alert.resolved_wall_ns));
  json->Field("told", TimeOrNull(alert.told_wall_ns));
  json->Field("flapping", alert.flapping);
  json->Field("changes", alert.changes.size());
  json->Field("silenced_by", silence != nullptr ? std::optional(silence->id) : std::nullopt);
  if (alert.acknowledged_by.empty()) {
    json->Field("acknowledged", std::nullopt);
  } else {
    json->BeginObject("acknowledged");
    json->Field("by", alert.acknowledged_by);
    json->Field("comment", alert.acknowledged_comment);
    json->Field("time", Time{alert.acknowledged_wall_ns});
    json->EndObject();
  }
  json->BeginArray("deliveries");
  for (const AlertWay& way : desk.WaysOf(alert.id)) {
    json->BeginObject();
    json->Field("sink", way.sink);
    json->Field("event", Name(way.news));
    json->Field("outcome", Name(way.outcome));
    json->Field("time", TimeOrNull(way.wall_ns));
    json->EndObject();
  }
  json->EndArray();
  json->EndObject();
}

void WriteSilence(const Silence& silence, uint64_t wall_ns, JsonWriter* json) {
  json->BeginObject();
  json->Field("id", silence.id);
  json->Field("state", IsActive(silence, wall_ns)        ? "active"
                       : wall_ns < silence.start_wall_ns ? "to come"
                                                         : "over");
  json->BeginArray("matchers");
  for (const AlertMatcher& matcher : silence.matchers) json->Value(TextOf(matcher));
  json->EndArray();
  json->Field("start", Time{silence.start_wall_ns});
  json->Field("end", Time{silence.end_wall_ns});
  json->Field("comment", silence.comment);
  json->Field("author", silence.author);
  json->EndObject();
}

void WriteCounts(std::string_view name, const AlertCounts& counts, JsonWriter* json) {
  json->BeginObject(name);
  json->Field("warning", counts[0]);
  json->Field("critical", counts[1]);
  json->EndObject();
}

void WriteSinks(const std::vector<SinkSample>& sinks, JsonWriter* json) {
  json->BeginArray("sinks");
  for (const SinkSample& sink : sinks) {
    json->BeginObject();
    json->Field("name", sink.name);
    json->Field("kind", sink.kind);
    json->Field("target", sink.target);
    json->Field("delivered", sink.delivered);
    json->Field("failures", sink.failures);
    json->Field("refused", sink.refused);
    json->Field("dropped", sink.dropped);
    json->Field("waiting", sink.waiting);
    json->Field("oldest_waiting_seconds", sink.oldest_waiting_seconds);
    json->Field("last_success", TimeOrNull(sink.last_success_wall_ns));
    json->Field("last_failure", TimeOrNull(sink.last_failure_wall_ns));
    json->Field("last_error", sink.last_error);
    json->Field("failing_seconds", sink.failing_seconds);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

void WriteAlerting(const AlertingSample& alerting, JsonWriter* json) {
  json->BeginObject("alerting");
  WriteSinks(alerting.sinks, json);
  WriteCounts("pending", alerting.pending, json);
  WriteCounts("firing", alerting.firing, json);
  WriteCounts("silenced", alerting.silenced, json);
  WriteCounts("acknowledged", alerting.acknowledged, json);
  WriteCounts("flapping", alerting.flapping, json);
  json->BeginObject("outbox");
  json->Field("messages", alerting.outbox_messages);
  json->Field("bytes", alerting.outbox_bytes);
  json->Field("collapsed", alerting.collapsed);
  json->Field("trouble", alerting.outbox_trouble);
  json->EndObject();
  json->EndObject();
}

std::string AlertsJson(const AlertDesk& desk, const Settings& settings, uint64_t wall_ns) {
  const AlertBook& book = desk.book();
  JsonWriter json;
  json.BeginObject();
  json.Field("time", Time{wall_ns});
  std::vector<const Alert*> firing;
  for (const auto& [key, alert] : book.alerts()) {
    if (alert.state == AlertState::kFiring) firing.push_back(&alert);
  }
  std::stable_sort(firing.begin(), firing.end(), [](const Alert* left, const Alert* right) {
    return left->finding.severity > right->finding.severity;
  });
  json.BeginArray("firing");
  for (const Alert* const alert : firing) WriteAlert(desk, *alert, wall_ns, &json);
  json.EndArray();
  json.BeginArray("pending");
  for (const Finding& finding : book.pending()) {
    json.BeginObject();
    WriteFinding(finding, &json);
    json.EndObject();
  }
  json.EndArray();
  json.BeginArray("resolved");
  for (auto alert = book.resolved().rbegin(); alert != book.resolved().rend(); ++alert) {
    WriteAlert(desk, *alert, wall_ns, &json);
  }
  json.EndArray();
  json.BeginArray("silences");
  for (auto silence = book.silences().rbegin(); silence != book.silences().rend(); ++silence) {
    WriteSilence(*silence, wall_ns, &json);
  }
  json.EndArray();
  WriteAlerting(desk.Sample(wall_ns), &json);
  json.BeginObject("settings");
  json.Field("group_wait_seconds", settings.alert_group_wait);
  json.Field("group_interval_seconds", settings.alert_group_interval);
  json.Field("repeat_interval_seconds", settings.alert_repeat_interval);
  json.EndObject();
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
