#include "supervisor/publish/snapshot_json.h"

#include <gtest/gtest.h>

#include "supervisor/publish/history_json.h"
#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/publish_fixture.h"
#include "supervisor/publish/snapshot_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

// Objects whose keys are data.
bool HasFreeKeys(const std::string& path) {
  return path.ends_with(".components") || path.ends_with(".component_reasons") ||
         path.ends_with(".memory_events") || path.ends_with(".unavailable");
}

std::set<std::string> Keys(const json::object& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object) keys.insert(std::string(key));
  return keys;
}

// Whether `made` has the shape of `contract`: the same keys, and the same kinds where neither is
// null. Of an array the first element stands for all.
void ExpectSameShape(const json::value& contract, const json::value& made,
                     const std::string& path) {
  if (contract.is_null() || made.is_null()) return;
  if (contract.is_number() && made.is_number()) return;
  ASSERT_EQ(contract.kind(), made.kind()) << path;
  if (contract.is_object()) {
    if (HasFreeKeys(path)) return;
    EXPECT_EQ(Keys(contract.as_object()), Keys(made.as_object())) << path;
    for (const auto& [key, value] : contract.as_object()) {
      const json::value* other = made.as_object().if_contains(key);
      if (other != nullptr) ExpectSameShape(value, *other, path + "." + std::string(key));
    }
  } else if (contract.is_array()) {
    ASSERT_FALSE(made.as_array().empty()) << path << ": nothing to compare";
    ExpectSameShape(contract.as_array().front(), made.as_array().front(), path + "[0]");
  }
}

TEST(SnapshotJson, HasTheShapeOfTheContract) {
  const json::value contract = json::parse(ReadTestData("snapshot.json"));
  const json::value made = json::parse(SnapshotJson(*MakeTestSnapshot()));
  ExpectSameShape(contract, made, "");
}

TEST(SnapshotJson, ShowsValues) {
  const json::value made = json::parse(SnapshotJson(*MakeTestSnapshot()));
  EXPECT_EQ(made.at("time").as_string(), "2026-11-23T16:20:00.123Z");
  EXPECT_EQ(made.at("app").at("server").as_string(), "gunicorn");
  EXPECT_EQ(made.at("status").as_string(), "critical");
  const json::value& worker = made.at("workers").at(1);
  EXPECT_EQ(worker.at("state").as_string(), "lock_held");
  EXPECT_EQ(worker.at("python").as_string(), "3.11.7");
  EXPECT_TRUE(worker.at("pss_bytes").is_null());
  EXPECT_EQ(made.at("in_flight").at(0).at("route").as_string(), "GET /item/<int:id>");
  EXPECT_EQ(made.at("in_flight").at(1).at("route").as_string(), "(not routed yet)");
  EXPECT_EQ(made.at("events").at(0).at("route").as_string(), "GET /item/<int:id>");
  EXPECT_TRUE(made.at("events").at(0).at("slot").is_null());
  EXPECT_EQ(made.at("probes").at("ready").at("status").as_string(), "pass");
  EXPECT_EQ(made.at("settings").as_array().size(), kSettingCount);
}

TEST(SnapshotJson, ShowsWhatARequestDoes) {
  const json::value made = json::parse(SnapshotJson(*MakeTestSnapshot()));
  const json::value& request = made.at("in_flight").at(0);
  EXPECT_EQ(request.at("id").as_string(), "1:3:81234567890123");
  EXPECT_EQ(request.at("queue_source").as_string(), "socket");
  EXPECT_EQ(request.at("activity").as_string(), "sql");
  EXPECT_EQ(request.at("stuck").as_string(), "recorded");
  EXPECT_EQ(request.at("limit_seconds").to_number<double>(), 30);
  EXPECT_TRUE(request.at("deadline_seconds").is_null());
  const json::value& other = made.at("in_flight").at(1);
  EXPECT_TRUE(other.at("limit_seconds").is_null());
  EXPECT_EQ(other.at("stuck").as_string(), "");
}

TEST(SnapshotJson, ShowsTheLoadAndWhatIsDoneAboutIt) {
  auto snapshot = MakeTestSnapshot();
  json::value traffic = json::parse(SnapshotJson(*snapshot)).at("traffic");
  EXPECT_EQ(traffic.at("saturation").as_double(), 0.62);
  EXPECT_EQ(traffic.at("refused").at("background").as_int64(), 40);
  EXPECT_EQ(traffic.at("queue").at("sources").at("header").as_int64(), 0);
  EXPECT_EQ(traffic.at("queue").at("sources").at("socket").as_int64(), 1);
  EXPECT_EQ(traffic.at("shed_by").as_string(), "measurement");
  EXPECT_TRUE(traffic.at("service_rate").is_null());
  snapshot->evaluation.load.shed_by_operator = true;
  snapshot->sample.traffic = {};
  traffic = json::parse(SnapshotJson(*snapshot)).at("traffic");
  EXPECT_EQ(traffic.at("shed_by").as_string(), "operator");
  EXPECT_TRUE(traffic.at("capacity").is_null());
  EXPECT_TRUE(traffic.at("backlog_own").is_null());
  EXPECT_TRUE(traffic.at("queue").at("p95_seconds").is_null());
}

TEST(SnapshotJson, HostsAreTheMostCalledFirst) {
  auto snapshot = MakeTestSnapshot();
  snapshot->sample.hosts.push_back({.name = "b.example:80"});
  snapshot->sample.hosts.back().totals.calls = 301;
  snapshot->sample.hosts.push_back({.name = "never.example:80"});
  const json::value hosts = json::parse(SnapshotJson(*snapshot)).at("hosts");
  EXPECT_EQ(hosts.at(0).at("host").as_string(), "b.example:80");
  EXPECT_NEAR(hosts.at(1).at("mean_seconds").as_double(), 0.12, 1e-9);
  EXPECT_TRUE(hosts.at(2).at("mean_seconds").is_null());
}

TEST(SnapshotJson, TheTimeOfARouteIsTheMeanOfTheLastMinute) {
  auto snapshot = MakeTestSnapshot();
  RouteSample& route = snapshot->sample.routes[1];
  route.recent_duration_seconds = 3;
  route.recent_queue_seconds = 0.6;
  route.recent_part_seconds = {1.2, 0, 0, 0.3, 0};
  const json::value made = json::parse(SnapshotJson(*snapshot));
  const json::value& time = made.at("routes").at(0).at("time");
  EXPECT_NEAR(time.at("queue").as_double(), 0.01, 1e-9);
  EXPECT_NEAR(time.at("sql").as_double(), 0.02, 1e-9);
  EXPECT_NEAR(time.at("application").as_double(), 0.025, 1e-9);
  EXPECT_TRUE(made.at("routes").at(2).at("time").at("sql").is_null());
  route.recent_part_seconds = {3, 0, 0, 1, 0};  // overlapping
  const json::value again = json::parse(SnapshotJson(*snapshot));
  EXPECT_EQ(again.at("routes").at(0).at("time").at("application").to_number<double>(), 0);
}

TEST(SnapshotJson, PutsTheBusiestRouteFirst) {
  const json::value made = json::parse(SnapshotJson(*MakeTestSnapshot()));
  const json::array& routes = made.at("routes").as_array();
  EXPECT_EQ(routes.at(0).at("route").as_string(), "GET /item/<int:id>");
  EXPECT_NEAR(routes.at(0).at("p50_seconds").as_double(), 0.003, 0.0003);
  EXPECT_NEAR(routes.at(0).at("mean_seconds").as_double(), 0.003, 0.0003);
  EXPECT_EQ(routes.at(0).at("requests_per_second").to_number<double>(), 1);
  EXPECT_EQ(routes.at(1).at("rule").as_string(), "(unmatched)");
  EXPECT_EQ(routes.at(2).at("requests").as_int64(), 0);
}

TEST(SnapshotJson, NotMeasuredIsNull) {
  const json::value made = json::parse(SnapshotJson(*MakeTestSnapshot()));
  EXPECT_TRUE(made.at("routes").at(2).at("p95_seconds").is_null());
  EXPECT_TRUE(made.at("routes").at(2).at("error_ratio").is_null());
  EXPECT_TRUE(made.at("performance").at("cache_hit_rate").is_null());
  EXPECT_TRUE(made.at("machine").at("pressure").at("io_full").is_null());
  EXPECT_TRUE(made.at("machine").at("cgroup").at("memory_limit_bytes").is_null());
  EXPECT_TRUE(made.at("app").at("server_pid").is_null());
}

TEST(SnapshotJson, AnEmptySnapshotIsValid) {
  const json::value made = json::parse(SnapshotJson(Snapshot{}));
  EXPECT_EQ(made.at("app").at("server").as_string(), "");
  EXPECT_TRUE(made.at("workers").as_array().empty());
}

TEST(SnapshotJson, FitsIntoTheSegmentWhateverTheApp) {
  auto snapshot = MakeTestSnapshot();
  for (uint32_t id = 10; id < 10 + kMaxRoutes; ++id) {
    snapshot->sample.routes.push_back(MakeRoute(id, std::string(239, 'x'), id));
  }
  snapshot->sample.in_flight.resize(kMaxWorkers * kMaxInFlight);
  snapshot->sample.workers.resize(kMaxWorkers, MakeWorker(0, 1));
  snapshot->sample.processes.resize(5000);
  snapshot->sample.events.resize(200);
  for (EventSample& event : snapshot->sample.events) event.text = std::string(191, 'x');
  const std::string text = SnapshotJson(*snapshot);
  EXPECT_LE(text.size(), kSnapshotBytes);
  const json::value made = json::parse(text);
  EXPECT_GT(made.at("routes").as_array().size(), 50U);
  EXPECT_GT(made.at("in_flight").as_array().size(), 150U);
  EXPECT_EQ(made.at("routes").at(0).at("rule").as_string(), "/item/<int:id>");
  EXPECT_TRUE(made.at("unavailable").as_object().contains("routes"));
}

TEST(SnapshotJson, FitsIntoTheSegmentWhateverTheTexts) {
  const std::string noise(sizeof(RouteEntry::rule), '\x01');  // six bytes each in JSON
  const std::shared_ptr<Snapshot> snapshot = MakeTestSnapshot();
  Sample& sample = snapshot->sample;
  Assessment& assessment = snapshot->evaluation.assessment;
  sample.routes = {MakeRoute(2, noise, 1)};
  sample.in_flight.assign(kMaxWorkers, {.route = 2});
  sample.events.assign(200, {.route = 2, .text = noise});
  sample.workers.clear();
  assessment.workers.clear();
  for (uint32_t slot = 0; slot < kMaxWorkers; ++slot) {
    sample.workers.push_back(MakeWorker(slot, 4711 + slot));
    assessment.workers.push_back({.slot = slot, .reason = noise + noise});
  }
  assessment.reasons.assign(kMaxWorkers, noise + noise);
  assessment.findings.assign(kMaxWorkers, MakeFinding());
  for (Finding& finding : assessment.findings) finding.message = noise + noise;
  sample.in_flight.resize(kMaxWorkers * kMaxInFlight);
  sample.hosts.assign(kMaxHosts, {.name = noise});
  sample.databases.assign(16, MakeDatabase());
  for (DatabaseServerSample& server : sample.databases) {
    server.name = server.version = server.error = noise;
    server.long_running.assign(20, {1, 1, noise, noise});
  }
  sample.slow_requests.assign(100, MakeSlowRequest(1));
  for (SlowRequestSample& request : sample.slow_requests) {
    request.route = noise;
    request.statements.assign(3, {noise, 1, 1});
    request.stack.assign(100, {noise, noise, 1});
  }
  snapshot->evaluation.load.shed_reason = noise + noise;
  assessment.recommendations.assign(kMaxWorkers, {Status::kCritical, "workers", noise, noise});

  const std::string text = SnapshotJson(*snapshot);
  EXPECT_LE(text.size(), kSnapshotBytes);
  const json::value made = json::parse(text);
  EXPECT_EQ(made.at("workers").as_array().size(), kMaxWorkers);
  EXPECT_TRUE(made.at("unavailable").as_object().contains("details"));
}

TEST(SnapshotText, IsMadeOnceForASnapshot) {
  SnapshotText text;
  const auto first = MakeTestSnapshot();
  const auto made = text.Get(first);
  EXPECT_EQ(made, text.Get(first));
  EXPECT_NE(made, text.Get(MakeTestSnapshot()));
}

TEST(HistoryJson, HasTheShapeOfTheContract) {
  const json::value contract = json::parse(ReadTestData("history.json"));
  const json::value made = json::parse(HistoryJson(FakeHistory().Recent(3)));
  ExpectSameShape(contract, made, "");
  EXPECT_EQ(made.at("points").as_int64(), 3);
  EXPECT_EQ(made.at("series").at("time").at(2).as_double(), 1'763'913'600.0);
}

TEST(HistoryJson, NoPointsAreEmptySeries) {
  const json::value made = json::parse(HistoryJson({}));
  EXPECT_TRUE(made.at("series").at("workers").as_array().empty());
}

template <typename T>
std::string Written(T value) {
  JsonWriter writer;
  writer.Value(value);
  return writer.Take();
}

TEST(JsonWriter, RoundsNumbers) {
  EXPECT_EQ(Written(0.0), "0");
  EXPECT_EQ(Written(-0.00000001), "0");
  EXPECT_EQ(Written(0.1 + 0.2), "0.3");
  EXPECT_EQ(Written(0.00312345), "0.003123");
  EXPECT_EQ(Written(1200.5), "1200.5");
  EXPECT_EQ(Written(82'000'000.4), "82000000");
  EXPECT_EQ(Written(kNotMeasured), "null");
  EXPECT_EQ(Written(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(Written(Exact{1'000'000}), "1000000");
  EXPECT_EQ(Written(Exact{0.123456789}), "0.123456789");
}

TEST(JsonWriter, EscapesTextAndReplacesWrongUtf8) {
  EXPECT_EQ(Written(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(Written("\n\x01"), R"("\n\u0001")");
  EXPECT_EQ(Written("gr\xC3\xBC\xC3"), "\"gr\xC3\xBC\xEF\xBF\xBD\"");
  EXPECT_EQ(Written("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // surrogate
}

}  // namespace
}  // namespace stirbar
