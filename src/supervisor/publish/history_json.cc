#include "supervisor/publish/history_json.h"

#include "supervisor/publish/json_writer.h"

namespace stirbar {
namespace {

struct Series {
  std::string_view name;
  double HistoryValues::*value;
};

constexpr std::array kSeries{
    Series{"memory_ratio", &HistoryValues::memory_ratio},
    Series{"memory_bytes", &HistoryValues::memory_bytes},
    Series{"cpu_ratio", &HistoryValues::cpu_ratio},
    Series{"requests_per_second", &HistoryValues::requests_per_second},
    Series{"error_ratio", &HistoryValues::error_ratio},
    Series{"p50_seconds", &HistoryValues::p50_seconds},
    Series{"p95_seconds", &HistoryValues::p95_seconds},
    Series{"p99_seconds", &HistoryValues::p99_seconds},
    Series{"accept_queue", &HistoryValues::accept_queue},
    Series{"in_flight", &HistoryValues::in_flight},
    Series{"lock_wait_seconds", &HistoryValues::lock_wait_seconds},
    Series{"workers", &HistoryValues::workers},
    Series{"saturation", &HistoryValues::saturation},
    Series{"refused_per_second", &HistoryValues::refused_per_second},
    Series{"queue_p50_seconds", &HistoryValues::queue_p50_seconds},
    Series{"queue_p95_seconds", &HistoryValues::queue_p95_seconds},
    Series{"pool_utilisation", &HistoryValues::pool_utilisation},
    Series{"pool_waiting", &HistoryValues::pool_waiting},
    Series{"pool_wait_p95_seconds", &HistoryValues::pool_wait_p95_seconds},
    Series{"database_seconds", &HistoryValues::database_seconds},
};

// Seconds with three decimals: a double printed in six digits would lose the time of day.
std::string UnixSeconds(uint64_t wall_ms) {
  const std::string fraction = std::to_string(1000 + wall_ms % 1000);
  return std::to_string(wall_ms / 1000) + "." + fraction.substr(1);
}

}  // namespace

std::string HistoryJson(std::span<const HistoryValues> points) {
  JsonWriter json;
  json.BeginObject();
  json.Field("interval_seconds", 1);
  json.Field("points", points.size());
  json.BeginObject("series");
  json.BeginArray("time");
  for (const HistoryValues& point : points) json.Raw(UnixSeconds(point.wall_ms));
  json.EndArray();
  for (const Series& series : kSeries) {
    json.BeginArray(series.name);
    for (const HistoryValues& point : points) json.Value(point.*series.value);
    json.EndArray();
  }
  json.EndObject();
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
