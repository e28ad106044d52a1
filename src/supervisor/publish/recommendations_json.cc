#include "supervisor/publish/recommendations_json.h"

#include <algorithm>
#include <vector>

namespace stirbar {

void WriteRecommendation(const Recommendation& recommendation, JsonWriter* json) {
  json->BeginObject();
  json->Field("severity", Name(recommendation.severity));
  json->Field("component", recommendation.component);
  json->Field("rule", recommendation.rule);
  json->Field("text", recommendation.text);
  json->Field("evidence", recommendation.evidence);
  json->Field("effect", recommendation.effect);
  json->Field("command", recommendation.command);
  json->Field("page", recommendation.page);
  json->Field("gain_ratio", recommendation.gain_ratio);
  json->EndObject();
}

void WriteTrends(const Evaluation& evaluation, JsonWriter* json) {
  json->BeginObject("trends");
  for (const TrendSample& trend : evaluation.trends) {
    const MetricSpec& spec = kMetricSpecs[static_cast<size_t>(trend.metric)];
    json->BeginObject(spec.name);
    json->Field("unit", Name(spec.unit));
    json->Field("now", trend.now);
    json->Field("slope_per_hour", trend.slope_per_hour);
    json->Field("slope_low_per_hour", trend.slope_low);
    json->Field("slope_high_per_hour", trend.slope_high);
    json->Field("window_seconds", trend.window_seconds);
    json->Field("reaches_critical_seconds", trend.reaches_critical_seconds);
    json->Field("reason", trend.reason);
    json->EndObject();
  }
  json->EndObject();
}

std::string RecommendationsJson(const Snapshot& snapshot) {
  const Evaluation& evaluation = snapshot.evaluation;
  std::vector<const Recommendation*> all;
  for (const Recommendation& one : evaluation.assessment.recommendations) all.push_back(&one);
  for (const Recommendation& one : evaluation.connection_advice) {
    // A rule and the look at the settings may come to the same.
    const bool said = std::any_of(all.begin(), all.end(), [&](const Recommendation* other) {
      return other->text == one.text;
    });
    if (!said) all.push_back(&one);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Recommendation* left, const Recommendation* right) {
                     if (left->severity != right->severity) return left->severity > right->severity;
                     return left->gain_ratio > right->gain_ratio;
                   });
  JsonWriter json;
  json.BeginObject();
  json.Field("time", Time{snapshot.sample.tick.wall_ns});
  json.BeginArray("recommendations");
  for (const Recommendation* const one : all) WriteRecommendation(*one, &json);
  json.EndArray();
  WriteTrends(evaluation, &json);
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
