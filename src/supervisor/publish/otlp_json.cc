#include "supervisor/publish/otlp_json.h"

#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>

#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/version.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr int kCumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE
constexpr size_t kLongestMessage = 200;

// UCUM.
std::string_view UnitOf(MetricUnit unit) {
  switch (unit) {
    case MetricUnit::kSeconds:
      return "s";
    case MetricUnit::kBytes:
      return "By";
    case MetricUnit::kPerSecond:
      return "1/s";
    case MetricUnit::kRatio:
    case MetricUnit::kCount:
      break;
  }
  return "1";
}

void Attribute(std::string_view key, std::string_view value, JsonWriter* json) {
  json->BeginObject();
  json->Field("key", key);
  json->BeginObject("value");
  json->Field("stringValue", value);
  json->EndObject();
  json->EndObject();
}

void BeginMetric(std::string_view name, std::string_view unit, std::string_view meaning,
                 JsonWriter* json) {
  json->BeginObject();
  json->Field("name", "stirbar." + std::string(name));
  json->Field("description", meaning);
  json->Field("unit", unit);
}

void AddTimes(const OtlpPoint& point, bool counted, JsonWriter* json) {
  if (counted) json->Field("startTimeUnixNano", std::to_string(point.counted_since_wall_ns));
  json->Field("timeUnixNano", std::to_string(point.wall_ns));
}

void AddGauge(const MetricSpec& spec, std::span<const OtlpPoint> points, JsonWriter* json) {
  bool measured = false;
  for (const OtlpPoint& point : points) {
    measured = measured || std::isfinite(point.gauges[spec.id]);
  }
  if (!measured) return;
  BeginMetric(spec.name, UnitOf(spec.unit), spec.meaning, json);
  json->BeginObject("gauge");
  json->BeginArray("dataPoints");
  for (const OtlpPoint& point : points) {
    const double value = point.gauges[spec.id];
    if (!std::isfinite(value)) continue;
    json->BeginObject();
    AddTimes(point, false, json);
    json->Field("asDouble", Exact{value});
    json->EndObject();
  }
  json->EndArray();
  json->EndObject();
  json->EndObject();
}

void AddSums(std::span<const OtlpPoint> points, JsonWriter* json) {
  struct Spec {
    std::string_view name;
    std::string_view unit;
    std::string_view meaning;
  };
#define STIRBAR_SPEC(name, unit, meaning, value) Spec{name, unit, meaning},
  constexpr std::array kSpecs{STIRBAR_OTLP_SUMS(STIRBAR_SPEC)};
#undef STIRBAR_SPEC
  for (size_t i = 0; i < kSpecs.size(); ++i) {
    BeginMetric(kSpecs[i].name, kSpecs[i].unit, kSpecs[i].meaning, json);
    json->BeginObject("sum");
    json->Field("aggregationTemporality", kCumulative);
    json->Field("isMonotonic", true);
    json->BeginArray("dataPoints");
    for (const OtlpPoint& point : points) {
      json->BeginObject();
      AddTimes(point, true, json);
      json->Field("asInt", std::to_string(point.sums[i]));
      json->EndObject();
    }
    json->EndArray();
    json->EndObject();
    json->EndObject();
  }
}

void AddDuration(OtlpDuration which, std::span<const OtlpPoint> points, JsonWriter* json) {
  const bool requests = which == OtlpDuration::kRequest;
  BeginMetric(requests ? "request.duration" : "queue.duration", "s",
              requests ? "Duration of requests" : "Queue time of requests", json);
  json->BeginObject("histogram");
  json->Field("aggregationTemporality", kCumulative);
  json->BeginArray("dataPoints");
  for (const OtlpPoint& point : points) {
    const OtlpHistogram& histogram = point.durations[static_cast<size_t>(which)];
    uint64_t count = 0;
    for (const uint64_t bucket : histogram.counts) count += bucket;
    json->BeginObject();
    AddTimes(point, true, json);
    json->Field("count", std::to_string(count));
    if (std::isfinite(histogram.sum_seconds)) json->Field("sum", Exact{histogram.sum_seconds});
    json->BeginArray("bucketCounts");
    for (const uint64_t bucket : histogram.counts) json->Value(std::to_string(bucket));
    json->EndArray();
    json->BeginArray("explicitBounds");
    for (size_t i = 0; i < kHistogramBounds; ++i) json->Value(Exact{HistogramBoundSeconds(i)});
    json->EndArray();
    json->EndObject();
  }
  json->EndArray();
  json->EndObject();
  json->EndObject();
}

}  // namespace

std::string OtlpBody(const ExportOrigin& origin, std::span<const OtlpPoint> points) {
  JsonWriter json;
  json.BeginObject();
  json.BeginArray("resourceMetrics");
  json.BeginObject();
  json.BeginObject("resource");
  json.BeginArray("attributes");
  Attribute("service.name", origin.app, &json);
  if (!origin.host.empty()) Attribute("host.name", origin.host, &json);
  Attribute("stirbar.version", Version(), &json);
  json.EndArray();
  json.EndObject();
  json.BeginArray("scopeMetrics");
  json.BeginObject();
  json.BeginObject("scope");
  json.Field("name", "stirbar");
  json.Field("version", Version());
  json.EndObject();
  json.BeginArray("metrics");
  for (const MetricSpec& spec : kMetricSpecs) AddGauge(spec, points, &json);
  AddSums(points, &json);
  AddDuration(OtlpDuration::kRequest, points, &json);
  AddDuration(OtlpDuration::kQueue, points, &json);
  json.EndArray();
  json.EndObject();
  json.EndArray();
  json.EndObject();
  json.EndArray();
  json.EndObject();
  return json.Take();
}

OtlpPartialSuccess PartialSuccessOf(std::string_view answer) {
  OtlpPartialSuccess partial;
  boost::system::error_code code;
  const json::value value = json::parse(json::string_view(answer.data(), answer.size()), code);
  const json::object* const root = code ? nullptr : value.if_object();
  const json::value* const member = root != nullptr ? root->if_contains("partialSuccess") : nullptr;
  const json::object* const object = member != nullptr ? member->if_object() : nullptr;
  if (object == nullptr) return partial;
  if (const json::value* const rejected = object->if_contains("rejectedDataPoints")) {
    if (const json::string* const text = rejected->if_string()) {
      std::from_chars(text->data(), text->data() + text->size(), partial.rejected);
    } else if (const int64_t* const number = rejected->if_int64(); number && *number > 0) {
      partial.rejected = static_cast<uint64_t>(*number);
    }
  }
  if (const json::value* const message = object->if_contains("errorMessage")) {
    if (const json::string* const text = message->if_string()) {
      for (const char letter :
           std::string_view(text->data(), text->size()).substr(0, kLongestMessage)) {
        partial.message += letter >= ' ' && letter < 127 ? letter : ' ';
      }
    }
  }
  return partial;
}

bool IsRetryable(long status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace stirbar
