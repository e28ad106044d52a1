#include "supervisor/publish/latency_json.h"

#include "supervisor/publish/json_writer.h"

namespace stirbar {

std::string LatencyJson(const LatencyView& view) {
  JsonWriter json;
  json.BeginObject();
  json.Field("interval_seconds", kLatencyColumnNs / 1'000'000'000);
  json.Field("columns", kLatencyColumns);
  json.BeginArray("bounds_seconds");
  for (const double bound : LatencyBounds()) json.Value(bound);
  json.EndArray();
  json.BeginArray("time");
  for (const uint64_t time : view.time) json.Value(time);
  json.EndArray();
  json.BeginArray("counts");
  for (const auto& column : view.counts) {
    json.BeginArray();
    for (const uint32_t count : column) json.Value(count);
    json.EndArray();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
