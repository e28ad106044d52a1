#include "supervisor/publish/health_checks.h"

#include <algorithm>

#include "supervisor/publish/health_status.h"

namespace stirbar {
namespace {

// Measurements of the components, the first of each being what judges it most.
struct Measurement {
  std::string_view component;
  std::string_view name;
  std::string_view type;  // of the draft: component, datastore, system
  MetricId metric;
};
constexpr Measurement kMeasurements[] = {
    {"cpu", "utilization", "system", MetricId::cpu_ratio},
    {"disk", "utilization", "system", MetricId::disk_ratio},
    {"memory", "utilization", "system", MetricId::memory_ratio},
    {"queue", "connections", "system", MetricId::accept_queue},
    {"queue", "saturation", "system", MetricId::saturation},
    {"requests", "errorRatio", "component", MetricId::error_ratio},
    {"requests", "responseTime", "component", MetricId::p95_seconds},
    {"database", "utilization", "datastore", MetricId::pool_utilization},
    {"database", "waitTime", "datastore", MetricId::pool_wait_seconds},
};
constexpr size_t kMostEndpoints = 5;

// Units of the draft's examples; ratios are shown as percent.
std::string_view UnitOf(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::kRatio:
      return "percent";
    case MetricUnit::kSeconds:
      return "s";
    case MetricUnit::kBytes:
      return "bytes";
    case MetricUnit::kCount:
      return "count";
    case MetricUnit::kPerSecond:
      return "1/s";
  }
  return "";
}

// A route as a URI template: "/item/<int:id>" -> "/item/{id}".
std::string TemplateOf(const std::string& rule) {
  std::string out;
  for (size_t i = 0; i < rule.size(); ++i) {
    const size_t end = rule[i] == '<' ? rule.find('>', i) : rule.npos;
    if (end == rule.npos) {
      out += rule[i];
      continue;
    }
    const std::string inside = rule.substr(i + 1, end - i - 1);
    out += '{' + inside.substr(inside.rfind(':') + 1) + '}';
    i = end;
  }
  return out;
}

// The routes that failed most in the last minute.
void WriteEndpoints(const Sample& sample, JsonWriter* json) {
  std::vector<const RouteSample*> failing;
  for (const RouteSample& route : sample.routes) {
    if (route.recent_errors > 0 && !route.rule.empty()) failing.push_back(&route);
  }
  if (failing.empty()) return;
  std::stable_sort(failing.begin(), failing.end(), [](const RouteSample* a, const RouteSample* b) {
    return a->recent_errors > b->recent_errors;
  });
  json->BeginArray("affectedEndpoints");
  for (size_t i = 0; i < std::min(failing.size(), kMostEndpoints); ++i) {
    json->Value(TemplateOf(failing[i]->rule));
  }
  json->EndArray();
}

class Checks {
 public:
  Checks(const Snapshot& snapshot, JsonWriter* json) : snapshot_(snapshot), json_(*json) {}

  void Write() {
    json_.BeginObject("checks");
    for (const auto& [component, status] : snapshot_.evaluation.assessment.components) {
      bool first = true;
      if (component == "workers") first = !Workers();
      for (const Measurement& measurement : kMeasurements) {
        if (measurement.component != component) continue;
        Measured(measurement, first ? status : Status::kHealthy, first);
        first = false;
      }
      if (first) State(component, status);
      if (component == "alerts") Sinks();
    }
    json_.EndObject();
  }

 private:
  void Measured(const Measurement& measurement, Status status, bool with_reason) {
    const MetricSpec& spec = kMetricSpecs[static_cast<size_t>(measurement.metric)];
    const double value = snapshot_.evaluation.metrics[measurement.metric];
    const std::string component(measurement.component);
    json_.BeginArray(component + ":" + std::string(measurement.name));
    json_.BeginObject();
    json_.Field("componentType", measurement.type);
    json_.Field("observedValue", spec.unit == MetricUnit::kRatio ? value * 100 : value);
    json_.Field("observedUnit", UnitOf(spec.unit));
    Common(component, status, with_reason);
    if (status != Status::kHealthy && component == "requests") {
      WriteEndpoints(snapshot_.sample, &json_);
    }
    json_.EndObject();
    json_.EndArray();
  }

  // One entry for each worker; false: there is none.
  bool Workers() {
    const auto& workers = snapshot_.sample.workers;
    const auto& verdicts = snapshot_.evaluation.assessment.workers;
    const size_t count = std::min(workers.size(), verdicts.size());
    if (count == 0) return false;
    json_.BeginArray("workers:answering");
    for (size_t i = 0; i < count; ++i) {
      json_.BeginObject();
      json_.Field("componentId", std::to_string(verdicts[i].pid));
      json_.Field("componentType", "component");
      json_.Field("observedValue", Name(verdicts[i].condition));
      json_.Field("status", HealthWord(verdicts[i].status));
      if (!verdicts[i].reason.empty()) json_.Field("output", verdicts[i].reason);
      json_.Field("time", Time{snapshot_.sample.tick.wall_ns});
      json_.EndObject();
    }
    json_.EndArray();
    // The component can be worse than each of them: the server has ended, workers die.
    State("workers", snapshot_.evaluation.assessment.components.at("workers"));
    return true;
  }

  // Whether alerts reach those whom they are for, one entry for each sink.
  void Sinks() {
    json_.BeginArray("alerts:sink");
    for (const Dependency& sink : snapshot_.evaluation.assessment.dependencies) {
      if (sink.kind != "sink") continue;
      json_.BeginObject();
      json_.Field("componentId", sink.name);
      json_.Field("componentType", "component");
      json_.Field("observedValue", sink.status == Status::kHealthy ? "ok" : "failing");
      json_.Field("status", HealthWord(sink.status));
      json_.Field("output", sink.reason.empty() ? sink.detail : sink.reason + "; " + sink.detail);
      json_.Field("time", Time{snapshot_.sample.tick.wall_ns});
      json_.EndObject();
    }
    json_.EndArray();
  }

  void State(const std::string& component, Status status) {
    json_.BeginArray(component + ":state");
    json_.BeginObject();
    json_.Field("componentType", "component");
    json_.Field("observedValue", Name(status));
    Common(component, status, true);
    json_.EndObject();
    json_.EndArray();
  }

  void Common(const std::string& component, Status status, bool with_reason) {
    const auto& reasons = snapshot_.evaluation.assessment.component_reasons;
    json_.Field("status", HealthWord(status));
    const auto reason = reasons.find(component);
    if (with_reason && reason != reasons.end()) json_.Field("output", reason->second);
    json_.Field("time", Time{snapshot_.sample.tick.wall_ns});
  }

  const Snapshot& snapshot_;
  JsonWriter& json_;
};

}  // namespace

void WriteChecks(const Snapshot& snapshot, JsonWriter* json) { Checks(snapshot, json).Write(); }

}  // namespace stirbar
