#include "supervisor/publish/health_json.h"

#include "supervisor/publish/health_status.h"
#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/version.h"

namespace stirbar {
namespace {

ProbeAnswer AnswerBeforeFirstTick(HealthProbe probe) {
  if (probe == HealthProbe::kLive) return {};
  return {Status::kCritical, "the supervisor has just started and has no figures yet"};
}

const ProbeAnswer& AnswerOf(HealthProbe probe, const Assessment& assessment) {
  switch (probe) {
    case HealthProbe::kLive:
      return assessment.live;
    case HealthProbe::kReady:
      return assessment.ready;
    case HealthProbe::kStartup:
      return assessment.startup;
  }
  __builtin_unreachable();
}

void WriteChecks(const Snapshot& snapshot, JsonWriter* json) {
  const Assessment& assessment = snapshot.evaluation.assessment;
  json->BeginObject("checks");
  for (const auto& [component, status] : assessment.components) {
    json->BeginArray(component);
    json->BeginObject();
    json->Field("status", HealthWord(status));
    const auto reason = assessment.component_reasons.find(component);
    if (reason != assessment.component_reasons.end()) json->Field("output", reason->second);
    json->Field("time", Time{snapshot.sample.tick.wall_ns});
    json->EndObject();
    json->EndArray();
  }
  json->EndObject();
}

}  // namespace

HealthAnswer HealthJson(HealthProbe probe, const Snapshot* snapshot) {
  const ProbeAnswer answer = snapshot == nullptr ? AnswerBeforeFirstTick(probe)
                                                 : AnswerOf(probe, snapshot->evaluation.assessment);
  JsonWriter json;
  json.BeginObject();
  json.Field("status", HealthWord(answer.status));
  json.Field("version", Version());
  if (!answer.reason.empty()) json.Field("output", answer.reason);
  if (snapshot != nullptr) WriteChecks(*snapshot, &json);
  json.EndObject();
  return {answer.status == Status::kCritical ? 503 : 200, json.Take()};
}

}  // namespace stirbar
