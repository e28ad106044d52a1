#include "supervisor/publish/snapshot_load_json.h"

#include <algorithm>

namespace stirbar {
namespace {

constexpr std::array kSources{QueueSource::kHeader, QueueSource::kServer, QueueSource::kSocket,
                              QueueSource::kNone};

std::optional<uint32_t> IfKnown(uint32_t value) {
  return value > 0 ? std::optional(value) : std::nullopt;
}

void WriteByCriticality(std::string_view key, const std::array<uint64_t, kCriticalities>& counts,
                        JsonWriter* json) {
  json->BeginObject(key);
  for (size_t i = 0; i < counts.size(); ++i) {
    json->Field(Name(static_cast<Criticality>(i)), counts[i]);
  }
  json->EndObject();
}

void WriteQueue(const TrafficSample& traffic, JsonWriter* json) {
  json->BeginObject("queue");
  json->Field("p50_seconds", traffic.queue_p50_seconds);
  json->Field("p95_seconds", traffic.queue_p95_seconds);
  json->Field("max_seconds", traffic.queue_max_seconds);
  json->Field("delay_seconds", traffic.queue_delay_seconds);
  json->BeginObject("sources");
  for (const QueueSource source : kSources) {
    const auto found = traffic.queue_sources.find(std::string(Name(source)));
    json->Field(Name(source), found != traffic.queue_sources.end() ? found->second : 0);
  }
  json->EndObject();
  json->EndObject();
}

void WriteHost(const HostSample& host, JsonWriter* json) {
  const HostTotals& totals = host.totals;
  const bool called = totals.calls > 0;
  const auto calls = static_cast<double>(totals.calls);
  json->BeginObject();
  json->Field("host", host.name);
  json->Field("calls", totals.calls);
  json->Field("failures", totals.failures);
  json->Field("timeouts", totals.timeouts);
  json->Field("defaulted", totals.defaulted);
  json->Field("breaker_refusals", totals.breaker_refusals);
  json->Field("breakers_open", host.breakers_open);
  json->Field("mean_seconds",
              called ? static_cast<double>(totals.duration_sum_ns) * 1e-9 / calls : kNotMeasured);
  json->Field("max_seconds",
              called ? static_cast<double>(totals.duration_max_ns) * 1e-9 : kNotMeasured);
  json->EndObject();
}

}  // namespace

void WriteTraffic(const Snapshot& snapshot, JsonWriter* json) {
  const TrafficSample& traffic = snapshot.sample.traffic;
  const LoadVerdict& load = snapshot.evaluation.load;
  json->BeginObject("traffic");
  json->Field("saturation", load.saturation);
  json->Field("predicted_wait_seconds", load.predicted_wait_seconds);
  json->Field("service_rate", load.service_rate);
  json->Field("capacity", IfKnown(traffic.capacity));
  json->Field("busy", traffic.busy);
  json->Field("streams", traffic.streams);
  json->Field("waiting", traffic.waiting);
  json->Field("served_per_second", traffic.served_per_second);
  json->Field("refused_per_second", traffic.refused_per_second);
  WriteQueue(traffic, json);
  WriteByCriticality("refused", traffic.refused, json);
  WriteByCriticality("admitted", traffic.admitted, json);
  WriteByCriticality("would_refuse", traffic.would_refuse, json);
  json->Field("shed_level", traffic.shed_level);
  json->Field("shed_by", load.shed_by_operator ? "operator" : "measurement");
  json->Field("shed_reason", load.shed_reason);
  json->Field("level_age_seconds", load.level_age_seconds);
  json->Field("backlog", traffic.backlog);
  json->Field("backlog_own", IfKnown(traffic.backlog_own));
  json->Field("backlog_reason", load.backlog_reason);
  json->Field("pressure", load.pressure);
  json->Field("pressure_source", load.pressure_source);
  json->EndObject();
}

void WriteHosts(const Sample& sample, size_t most, JsonWriter* json) {
  std::vector<const HostSample*> hosts;
  hosts.reserve(sample.hosts.size());
  for (const HostSample& host : sample.hosts) hosts.push_back(&host);
  std::stable_sort(hosts.begin(), hosts.end(), [](const HostSample* a, const HostSample* b) {
    return a->totals.calls > b->totals.calls;
  });
  json->BeginArray("hosts");
  for (size_t i = 0; i < std::min(hosts.size(), most); ++i) WriteHost(*hosts[i], json);
  json->EndArray();
}

}  // namespace stirbar
