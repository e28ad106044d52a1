#include "supervisor/publish/health_json.h"

#include "supervisor/publish/health_checks.h"
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

std::string Document(const ProbeAnswer& answer, std::string_view description,
                     const Snapshot* snapshot) {
  JsonWriter json;
  json.BeginObject();
  json.Field("status", HealthWord(answer.status));
  json.Field("version", Version());
  if (snapshot != nullptr) json.Field("serviceId", snapshot->sample.app_name);
  json.Field("description", description);
  if (!answer.reason.empty()) json.Field("output", answer.reason);
  if (snapshot != nullptr) WriteChecks(*snapshot, &json);
  json.EndObject();
  return json.Take();
}

HealthAnswer Answer(const ProbeAnswer& answer, std::string_view description,
                    const Snapshot* snapshot) {
  return {answer.status == Status::kCritical ? 503 : 200, Document(answer, description, snapshot)};
}

std::string_view DescriptionOf(HealthProbe probe) {
  switch (probe) {
    case HealthProbe::kLive:
      return "whether the app can recover by itself";
    case HealthProbe::kReady:
      return "whether at least one worker answers";
    case HealthProbe::kStartup:
      return "whether a worker has begun to serve";
  }
  return "";
}

}  // namespace

HealthAnswer HealthJson(HealthProbe probe, const Snapshot* snapshot) {
  return Answer(snapshot == nullptr ? AnswerBeforeFirstTick(probe)
                                    : AnswerOf(probe, snapshot->evaluation.assessment),
                DescriptionOf(probe), snapshot);
}

HealthAnswer GroupHealthJson(std::string_view name, const Snapshot* snapshot) {
  const std::string description = "group " + std::string(name);
  if (snapshot == nullptr) {
    return Answer(AnswerBeforeFirstTick(HealthProbe::kReady), description, snapshot);
  }
  for (const HealthGroup& group : snapshot->evaluation.assessment.groups) {
    if (group.name == name) return Answer(group.answer, description, snapshot);
  }
  return Answer({Status::kCritical, "there is no such group"}, description, snapshot);
}

}  // namespace stirbar
