#include "supervisor/publish/history_text.h"

#include <charconv>
#include <cmath>

namespace stirbar {
namespace {

using Bands = std::vector<MetricBand>;

void BandJson(std::string_view key, const Bands& bands, double (*value)(const MetricBand&),
              JsonWriter* json) {
  json->BeginArray(key);
  for (const MetricBand& band : bands) json->Value(band.count > 0 ? value(band) : kNotMeasured);
  json->EndArray();
}

void PercentileJson(std::string_view key, const std::vector<Percentiles>& points,
                    double Percentiles::*value, JsonWriter* json) {
  json->BeginArray(key);
  for (const Percentiles& point : points) json->Value(point.*value);
  json->EndArray();
}

// Seven digits: as many as a float has. Nothing where nothing was measured.
void PutNumber(double value, std::string* csv) {
  *csv += ',';
  if (!std::isfinite(value)) return;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 7);
  csv->append(text, end.ptr);
}

}  // namespace

std::string RangeJson(const HistoryAnswer& answer) {
  JsonWriter json;
  json.BeginObject();
  json.Field("from", answer.range.from);
  json.Field("until", answer.range.until);
  json.Field("step", answer.range.step);
  json.Field("resolution", answer.resolution);
  json.BeginArray("time");
  for (size_t i = 0; i < answer.points(); ++i) json.Value(answer.TimeOf(i));
  json.EndArray();
  json.BeginObject("metrics");
  for (size_t i = 0; i < answer.metrics.size(); ++i) {
    const MetricSpec& spec = kMetricSpecs[static_cast<size_t>(answer.metrics[i])];
    json.BeginObject(spec.name);
    json.Field("unit", Name(spec.unit));
    BandJson(
        "mean", answer.bands[i], [](const MetricBand& band) { return band.Mean(); }, &json);
    BandJson(
        "min", answer.bands[i], [](const MetricBand& band) { return band.least; }, &json);
    BandJson(
        "max", answer.bands[i], [](const MetricBand& band) { return band.most; }, &json);
    json.EndObject();
  }
  json.EndObject();
  json.BeginObject("percentiles");
  for (size_t i = 0; i < answer.spreads.size(); ++i) {
    const std::vector<Percentiles>& points = answer.percentiles[i];
    json.BeginObject(Name(answer.spreads[i]));
    json.BeginArray("count");
    for (const Percentiles& point : points) json.Value(point.count);
    json.EndArray();
    PercentileJson("p50", points, &Percentiles::p50, &json);
    PercentileJson("p95", points, &Percentiles::p95, &json);
    PercentileJson("p99", points, &Percentiles::p99, &json);
    json.EndObject();
  }
  json.EndObject();
  json.EndObject();
  return json.Take();
}

std::string RangeCsv(const HistoryAnswer& answer) {
  std::string csv = "time";
  for (const MetricId metric : answer.metrics) {
    const std::string name(kMetricSpecs[static_cast<size_t>(metric)].name);
    csv += "," + name + "_mean," + name + "_min," + name + "_max";
  }
  for (const Spread spread : answer.spreads) {
    const std::string name(Name(spread));
    csv += "," + name + "_count," + name + "_p50," + name + "_p95," + name + "_p99";
  }
  csv += "\r\n";  // RFC 4180
  for (size_t point = 0; point < answer.points(); ++point) {
    csv += Rfc3339(static_cast<uint64_t>(answer.TimeOf(point)) * 1'000'000'000);
    for (const Bands& bands : answer.bands) {
      const MetricBand& band = bands[point];
      const bool measured = band.count > 0;
      PutNumber(band.Mean(), &csv);
      PutNumber(measured ? band.least : kNotMeasured, &csv);
      PutNumber(measured ? band.most : kNotMeasured, &csv);
    }
    for (const std::vector<Percentiles>& points : answer.percentiles) {
      const Percentiles& spread = points[point];
      csv += "," + std::to_string(spread.count);
      for (const double value : {spread.p50, spread.p95, spread.p99}) PutNumber(value, &csv);
    }
    csv += "\r\n";
  }
  return csv;
}

std::string RecordsJson(const std::vector<HistoryRecord>& records, size_t most) {
  JsonWriter json;
  json.BeginObject();
  json.BeginArray("records");
  for (const HistoryRecord& record : records) {
    json.BeginObject();
    json.Field("number", record.number);
    json.Field("time", Time{record.wall_ns});
    json.Field("kind", Name(record.kind));
    json.Field("severity", Name(record.severity));
    json.Field("name", record.name);
    json.Field("actor", record.actor);
    json.Field("text", record.text);
    json.Field("details", record.details);
    json.EndObject();
  }
  json.EndArray();
  std::optional<uint64_t> before;
  if (!records.empty() && records.size() >= most) before = records.back().number;
  json.Field("before", before);
  json.EndObject();
  return json.Take();
}

std::string RoutesJson(const std::vector<RouteHistory>& routes, const HistoryRange& range) {
  JsonWriter json;
  json.BeginObject();
  json.Field("from", range.from);
  json.Field("until", range.until);
  json.BeginArray("routes");
  for (const RouteHistory& route : routes) {
    json.BeginObject();
    json.Field("route", route.label);
    json.Field("requests", route.requests);
    json.Field("errors", route.errors);
    json.Field("mean_seconds", route.mean_seconds);
    json.Field("p50_seconds", route.durations.p50);
    json.Field("p95_seconds", route.durations.p95);
    json.Field("p99_seconds", route.durations.p99);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

void AddInfo(const HistoryInfo& info, JsonWriter* json) {
  const auto time = [](int64_t seconds) -> std::optional<std::string> {
    if (seconds <= 0) return std::nullopt;
    return Rfc3339(static_cast<uint64_t>(seconds) * 1'000'000'000);
  };
  json->Field("bytes", info.bytes);
  json->Field("records", info.records);
  json->Field("routes", info.routes);
  json->BeginArray("resolutions");
  for (const HistoryInfo::Level& level : info.levels) {
    json->BeginObject();
    json->Field("seconds", level.seconds);
    json->Field("rows", level.rows);
    json->Field("oldest", time(level.oldest));
    json->Field("newest", time(level.newest));
    json->EndObject();
  }
  json->EndArray();
}

void AddExports(const std::vector<ExportSample>& exports, JsonWriter* json) {
  const auto time = [](uint64_t wall_ns) {
    return wall_ns == 0 ? std::optional<Time>() : std::optional(Time{wall_ns});
  };
  json->BeginArray("exports");
  for (const ExportSample& each : exports) {
    json->BeginObject();
    json->Field("name", each.name);
    json->Field("kind", each.kind);
    json->Field("target", each.target);
    json->Field("sent", each.sent);
    json->Field("failures", each.failures);
    json->Field("refused", each.refused);
    json->Field("dropped", each.dropped);
    json->Field("waiting", each.waiting);
    json->Field("behind_seconds", each.behind_seconds);
    json->Field("last_success", time(each.last_success_wall_ns));
    json->Field("failing_since", time(each.failing_since_wall_ns));
    json->Field("error", each.error);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace stirbar
