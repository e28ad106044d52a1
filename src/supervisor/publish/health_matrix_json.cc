#include "supervisor/publish/health_matrix_json.h"

#include <algorithm>

#include "supervisor/publish/health_status.h"

namespace stirbar {
namespace {

// The figure of `worker` that belongs to `component`, with its unit; null where it has none.
struct Figure {
  std::string_view name;
  MetricUnit unit;
  double value;
};

std::optional<Figure> FigureOf(std::string_view component, const WorkerSample& worker) {
  const ProcessSample& process = worker.process;
  if (component == "memory") {
    return Figure{"memory_bytes", MetricUnit::kBytes,
                  static_cast<double>(process.pss_bytes.value_or(process.rss_bytes))};
  }
  if (component == "cpu") return Figure{"cpu_ratio", MetricUnit::kRatio, process.cpu_ratio};
  if (component == "requests") {
    return Figure{"oldest_request_seconds", MetricUnit::kSeconds, worker.oldest_request_seconds};
  }
  if (component == "queue") {
    return Figure{"queue_delay_seconds", MetricUnit::kSeconds, worker.queue_delay_seconds};
  }
  if (component == "workers") {
    return Figure{"heartbeat_age_seconds", MetricUnit::kSeconds, worker.heartbeat_age_seconds};
  }
  return std::nullopt;
}

// The worst finding of `component` about this worker alone; null: none.
const Finding* FindingOf(const std::string& component, uint32_t slot,
                         const Assessment& assessment) {
  for (const Finding& finding : assessment.findings) {  // worst first
    if (finding.component == component && finding.slot == slot) return &finding;
  }
  return nullptr;
}

void WriteCell(const std::string& component, const WorkerSample& worker,
               const WorkerVerdict& verdict, const Assessment& assessment, JsonWriter* json) {
  const Finding* const finding = FindingOf(component, worker.slot, assessment);
  Status status = finding != nullptr ? finding->severity : Status::kHealthy;
  std::string reason = finding != nullptr ? finding->message : "";
  if (component == "workers" && verdict.status > status) {
    status = verdict.status;
    reason = verdict.reason;
  }
  json->BeginObject();
  json->Field("slot", worker.slot);
  json->Field("pid", worker.pid);
  json->Field("state", Name(verdict.condition));
  json->Field("status", Name(status));
  json->Field("reason", reason);
  if (const std::optional<Figure> figure = FigureOf(component, worker)) {
    json->Field("figure", figure->name);
    json->Field("unit", Name(figure->unit));
    json->Field("value", figure->value);
  }
  json->EndObject();
}

void WriteDependency(const Dependency& dependency, JsonWriter* json) {
  json->BeginObject();
  json->Field("component", dependency.component);
  json->Field("kind", dependency.kind);
  json->Field("name", dependency.name);
  json->Field("status", Name(dependency.status));
  json->Field("reason", dependency.reason);
  json->Field("detail", dependency.detail);
  json->EndObject();
}

void WriteComponent(const std::string& name, Status status, const Snapshot& snapshot,
                    JsonWriter* json) {
  const Assessment& assessment = snapshot.evaluation.assessment;
  json->BeginObject();
  json->Field("name", name);
  json->Field("status", Name(status));
  const auto reason = assessment.component_reasons.find(name);
  json->Field("reason", reason != assessment.component_reasons.end() ? reason->second : "");
  uint64_t since_ns = 0;
  json->BeginArray("rules");
  for (const Finding& finding : assessment.findings) {
    if (finding.component != name) continue;
    json->Value(finding.rule);
    since_ns = since_ns == 0 ? finding.since_wall_ns : std::min(since_ns, finding.since_wall_ns);
  }
  json->EndArray();
  json->Field("since", since_ns == 0 ? std::nullopt : std::optional(Rfc3339(since_ns)));
  json->Field("last_check", Time{snapshot.sample.tick.wall_ns});
  json->BeginArray("depends_on");
  for (const Dependency& dependency : assessment.dependencies) {
    if (dependency.component == name) WriteDependency(dependency, json);
  }
  json->EndArray();
  json->BeginArray("workers");
  const std::vector<WorkerSample>& workers = snapshot.sample.workers;
  for (size_t i = 0; i < std::min(workers.size(), assessment.workers.size()); ++i) {
    WriteCell(name, workers[i], assessment.workers[i], assessment, json);
  }
  json->EndArray();
  json->EndObject();
}

void WriteProbe(std::string_view name, const ProbeAnswer& answer, JsonWriter* json) {
  json->BeginObject(name);
  json->Field("status", HealthWord(answer.status));
  json->Field("reason", answer.reason);
  json->EndObject();
}

}  // namespace

void WriteDependencies(const Assessment& assessment, size_t most, JsonWriter* json) {
  json->BeginArray("dependencies");
  for (size_t i = 0; i < std::min(assessment.dependencies.size(), most); ++i) {
    WriteDependency(assessment.dependencies[i], json);
  }
  json->EndArray();
}

void WriteGroups(const Assessment& assessment, JsonWriter* json) {
  json->BeginArray("groups");
  for (const HealthGroup& group : assessment.groups) {
    json->BeginObject();
    json->Field("name", group.name);
    json->BeginArray("members");
    for (const std::string& member : group.members) json->Value(member);
    json->EndArray();
    json->Field("fails_at", Name(group.fails_at));
    json->Field("status", HealthWord(group.answer.status));
    json->Field("reason", group.answer.reason);
    json->EndObject();
  }
  json->EndArray();
}

std::string HealthMatrixJson(const Snapshot& snapshot) {
  const Assessment& assessment = snapshot.evaluation.assessment;
  JsonWriter json;
  json.BeginObject();
  json.Field("overall_status", Name(assessment.status));
  json.Field("last_check", Time{snapshot.sample.tick.wall_ns});
  json.BeginArray("components");
  for (const auto& [name, status] : assessment.components) {
    WriteComponent(name, status, snapshot, &json);
  }
  json.EndArray();
  WriteDependencies(assessment, SIZE_MAX, &json);
  WriteGroups(assessment, &json);
  json.BeginObject("probes");
  WriteProbe("live", assessment.live, &json);
  WriteProbe("ready", assessment.ready, &json);
  WriteProbe("startup", assessment.startup, &json);
  json.EndObject();
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
