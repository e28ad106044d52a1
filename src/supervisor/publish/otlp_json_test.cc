#include "supervisor/publish/otlp_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

namespace json = boost::json;
using testing::Not;

OtlpPoint MakePoint(uint64_t wall_ns) {
  Snapshot snapshot;
  snapshot.sample.tick.wall_ns = wall_ns;
  snapshot.sample.app_started_wall_ns = 1'000'000'000'000'000'000;
  snapshot.sample.totals.requests = 12'000'000'000'000'000'001U;  // more than a double holds
  snapshot.sample.routes = {MakeRoute(2, "/item", 4)};
  snapshot.evaluation.metrics[MetricId::memory_ratio] = 0.1;
  return PointOf(snapshot);
}

json::object Parsed(const std::string& body) { return json::parse(body).as_object(); }

const json::object& Scope(const json::object& root) {
  return root.at("resourceMetrics").at(0).at("scopeMetrics").at(0).as_object();
}

const json::object* Metric(const json::object& root, std::string_view name) {
  for (const json::value& each : Scope(root).at("metrics").as_array()) {
    if (each.at("name").as_string() == json::string_view(name.data(), name.size())) {
      return &each.as_object();
    }
  }
  return nullptr;
}

// The shapes of opentelemetry-proto's JSON: names in lowerCamelCase, 64-bit integers as texts.
TEST(OtlpJson, SaysWhoSends) {
  const std::vector<OtlpPoint> points{MakePoint(kTestWallNs)};
  const json::object root = Parsed(OtlpBody({"shop", "web-1"}, points));
  const json::value& attributes = root.at("resourceMetrics").at(0).at("resource").at("attributes");
  EXPECT_EQ(attributes.at(0),
            json::parse(R"({"key":"service.name","value":{"stringValue":"shop"}})"));
  EXPECT_EQ(attributes.at(1),
            json::parse(R"({"key":"host.name","value":{"stringValue":"web-1"}})"));
  EXPECT_EQ(attributes.at(2).at("key"), "stirbar.version");
  EXPECT_EQ(Scope(root).at("scope").at("name"), "stirbar");
}

TEST(OtlpJson, AGaugeHasAPointForEachMomentThatWasMeasured) {
  std::vector<OtlpPoint> points{MakePoint(kTestWallNs), MakePoint(kTestWallNs + 1),
                                MakePoint(kTestWallNs + 2)};
  points[1].gauges[MetricId::memory_ratio] = kNotMeasured;
  const json::object root = Parsed(OtlpBody({"shop", ""}, points));
  const json::object* const memory = Metric(root, "stirbar.memory_ratio");
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(memory->at("unit"), "1");
  EXPECT_EQ(memory->at("gauge").at("dataPoints"), json::parse(R"([
      {"timeUnixNano":"1795450800123000000","asDouble":0.1},
      {"timeUnixNano":"1795450800123000002","asDouble":0.1}])"));
  EXPECT_EQ(Metric(root, "stirbar.cpu_ratio"), nullptr);  // never measured
}

TEST(OtlpJson, SumsAreCumulativeAndExact) {
  const std::vector<OtlpPoint> points{MakePoint(kTestWallNs)};
  const json::object root = Parsed(OtlpBody({"shop", ""}, points));
  const json::object* const requests = Metric(root, "stirbar.requests");
  ASSERT_NE(requests, nullptr);
  EXPECT_EQ(requests->at("sum"), json::parse(R"({
      "aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{
        "startTimeUnixNano":"1000000000000000000","timeUnixNano":"1795450800123000000",
        "asInt":"12000000000000000001"}]})"));
}

TEST(OtlpJson, AHistogramHasOneBucketMoreThanBounds) {
  const std::vector<OtlpPoint> points{MakePoint(kTestWallNs)};
  const json::object root = Parsed(OtlpBody({"shop", ""}, points));
  const json::object* const durations = Metric(root, "stirbar.request.duration");
  ASSERT_NE(durations, nullptr);
  EXPECT_EQ(durations->at("unit"), "s");
  EXPECT_EQ(durations->at("histogram").at("aggregationTemporality"), 2);
  const json::object& point = durations->at("histogram").at("dataPoints").at(0).as_object();
  EXPECT_EQ(point.at("count"), "4");
  EXPECT_NEAR(point.at("sum").to_number<double>(), 0.012, 1e-9);
  const json::array& buckets = point.at("bucketCounts").as_array();
  const json::array& bounds = point.at("explicitBounds").as_array();
  ASSERT_EQ(buckets.size(), bounds.size() + 1);
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    EXPECT_LT(bounds[i].to_number<double>(), bounds[i + 1].to_number<double>());
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    const double upper = bounds[i].to_number<double>();
    const double lower = i == 0 ? 0 : bounds[i - 1].to_number<double>();
    EXPECT_EQ(buckets[i], lower <= 0.003 && 0.003 < upper ? "4" : "0") << upper;
  }
  // Nobody adds queue times up: a sum is optional.
  const json::object* const queue = Metric(root, "stirbar.queue.duration");
  ASSERT_NE(queue, nullptr);
  EXPECT_FALSE(queue->at("histogram").at("dataPoints").at(0).as_object().contains("sum"));
}

TEST(OtlpJson, CountsItsDataPoints) {
  const std::vector<OtlpPoint> points{MakePoint(kTestWallNs)};
  const json::object root = Parsed(OtlpBody({"shop", ""}, points));
  EXPECT_EQ(DataPoints(points[0]), Scope(root).at("metrics").as_array().size());
}

TEST(OtlpJson, ReadsPartialSuccess) {
  const auto text = PartialSuccessOf(
      R"({"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too\nold"}})");
  EXPECT_EQ(text.rejected, 3U);
  EXPECT_EQ(text.message, "too old");
  EXPECT_EQ(PartialSuccessOf(R"({"partialSuccess":{"rejectedDataPoints":7}})").rejected, 7U);
  for (const char* const answer :
       {"", "{}", "no json", "[]", R"({"partialSuccess":null})", R"({"partialSuccess":{}})",
        R"({"partialSuccess":{"rejectedDataPoints":-1}})",
        R"({"partialSuccess":{"rejectedDataPoints":"x"}})"}) {
    EXPECT_EQ(PartialSuccessOf(answer).rejected, 0U) << answer;
    EXPECT_EQ(PartialSuccessOf(answer).message, "") << answer;
  }
}

TEST(OtlpJson, KnowsWhatIsWorthAnotherTry) {
  for (const long status : {429L, 502L, 503L, 504L}) EXPECT_TRUE(IsRetryable(status)) << status;
  for (const long status : {400L, 401L, 404L, 413L, 500L, 501L, 301L}) {
    EXPECT_FALSE(IsRetryable(status)) << status;
  }
}

}  // namespace
}  // namespace stirbar
