#include "supervisor/publish/actions_json.h"

#include <algorithm>

namespace stirbar {
namespace {

void WriteAction(const ActionSample& action, JsonWriter* json) {
  json->BeginObject();
  json->Field("number", action.number);
  json->Field("time", Time{action.wall_ns});
  json->Field("action", Name(action.kind));
  json->Field("state", Name(action.state));
  json->Field("slot", action.slot);
  json->Field("pid", action.pid != 0 ? std::optional(action.pid) : std::nullopt);
  json->Field("actor", action.actor);
  json->Field("reason", action.reason);
  json->Field("effect", action.effect);
  json->Field("before_bytes", action.before_bytes);
  json->Field("after_bytes", action.after_bytes);
  json->Field("seconds", action.seconds);
  json->Field("helped", action.helped);
  json->EndObject();
}

}  // namespace

void WriteActions(const Sample& sample, size_t most, JsonWriter* json) {
  json->BeginArray("actions");
  const size_t count = std::min(most, sample.actions.size());
  for (size_t i = 0; i < count; ++i) {
    WriteAction(sample.actions[sample.actions.size() - 1 - i], json);
  }
  json->EndArray();
  const EmergencySample& emergency = sample.emergency;
  json->BeginObject("emergency");
  json->Field("state", Name(emergency.state));
  if (emergency.since_wall_ns != 0) {
    json->Field("since", Time{emergency.since_wall_ns});
  } else {
    json->Field("since", std::nullopt);
  }
  json->Field("withheld", emergency.withheld);
  json->Field("reason", emergency.reason);
  json->EndObject();
}

void WriteCaches(const Sample& sample, size_t most, JsonWriter* json) {
  json->BeginArray("caches");
  for (size_t i = 0; i < std::min(most, sample.caches.size()); ++i) {
    const CacheSample& cache = sample.caches[i];
    json->BeginObject();
    json->Field("name", cache.name);
    json->Field("workers", cache.workers);
    json->Field("entries", cache.entries);
    json->Field("hits", cache.counted ? std::optional(cache.hits) : std::nullopt);
    json->Field("misses", cache.counted ? std::optional(cache.misses) : std::nullopt);
    json->Field("evictions", cache.evictions);
    json->Field("hit_ratio", cache.hit_ratio);
    json->EndObject();
  }
  json->EndArray();
}

std::string ActionsJson(const Sample& sample) {
  JsonWriter json;
  json.BeginObject();
  json.Field("time", Time{sample.tick.wall_ns});
  WriteActions(sample, SIZE_MAX, &json);
  WriteCaches(sample, SIZE_MAX, &json);
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
