#include "supervisor/publish/prometheus_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

// The value of the series `name{labels}`, or nothing.
std::optional<double> ValueOf(const std::string& text, const std::string& series) {
  const size_t at = ("\n" + text).find("\n" + series + " ");
  if (at == std::string::npos) return std::nullopt;
  return std::stod(text.substr(at + series.size() + 1));
}

std::string Text(MetricsFormat format = MetricsFormat::kPrometheus) {
  return MetricsText(*MakeTestSnapshot(), HttpCounters{}, format);
}

TEST(PrometheusText, DescribesEveryFamilyOnceBeforeItsSamples) {
  std::istringstream lines(Text());
  std::set<std::string> helped;
  std::map<std::string, std::string> types;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark, kind, name, type;
    if (line.starts_with("# ")) {
      words >> mark >> kind >> name >> type;
      family = name;
      if (kind == "HELP") {
        EXPECT_TRUE(helped.insert(name).second) << line;
      }
      if (kind == "TYPE") {
        EXPECT_TRUE(types.emplace(name, type).second) << line;
      }
      continue;
    }
    EXPECT_TRUE(line.starts_with(family)) << line << " stands under " << family;
    ASSERT_TRUE(types.contains(family)) << line;
    EXPECT_EQ(types[family] == "counter", family.ends_with("_total")) << family;
    EXPECT_NO_THROW(std::stod(line.substr(line.rfind(' ') + 1))) << line;
  }
  EXPECT_GT(types.size(), 40U);
}

TEST(PrometheusText, ShowsPoolsInBaseUnits) {
  const std::string pool = R"(pool="mysql://db.example.org:3306/shop")";
  const std::pair<std::string, double> expected[] = {
      {"stirbar_pool_connections{" + pool + R"(,state="active"})", 7},
      {"stirbar_pool_waiting{" + pool + R"(,lane="task"})", 1},
      {"stirbar_pool_capacity{" + pool + "}", 30},
      {"stirbar_pool_ratio{" + pool + "}", 0.4},
      {"stirbar_pool_checkouts_total{" + pool + "}", 100},
      {"stirbar_pool_leaks_reclaimed_total{" + pool + "}", 120},
      {"stirbar_pool_hold_seconds_total{" + pool + "}", 20},
      {"stirbar_pool_wait_seconds_sum{" + pool + "}", 1.5},
      {"stirbar_pool_wait_seconds_count{" + pool + "}", 100},
      {"stirbar_pool_leaked_connections{" + pool + R"(,kind="confirmed"})", 1},
      {"stirbar_pool_target_connections{" + pool + R"(,target="db.example.org:3306"})", 11},
      {R"(stirbar_database_up{server="db.shop.example:3306"})", 1},
      {R"(stirbar_database_max_connections{server="db.shop.example:3306"})", 151}};
  for (const MetricsFormat format : {MetricsFormat::kPrometheus, MetricsFormat::kOpenMetrics}) {
    const std::string text = Text(format);
    for (const auto& [series, value] : expected) EXPECT_EQ(ValueOf(text, series), value) << series;
  }
}

TEST(PrometheusText, HasNoSeriesTwice) {
  std::istringstream lines(Text());
  std::set<std::string> series;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

TEST(PrometheusText, CountsRequests) {
  const std::string text = Text();
  EXPECT_EQ(
      ValueOf(text, R"(stirbar_requests_total{method="GET",route="/item/<int:id>",status="2xx"})"),
      100'000);
  EXPECT_EQ(
      ValueOf(text, R"~(stirbar_requests_total{method="OTHER",route="(unmatched)",status="5xx"})~"),
      0);
  EXPECT_EQ(
      ValueOf(text, R"~(stirbar_requests_in_flight{method="OTHER",route="(not routed yet)"})~"), 1);
  EXPECT_EQ(ValueOf(text, R"(stirbar_worker_state{slot="1",state="lock_held"})"), 1);
  EXPECT_EQ(ValueOf(text, R"(stirbar_worker_state{slot="1",state="busy"})"), 0);
  EXPECT_EQ(ValueOf(text, R"(stirbar_accept_queue_depth{address="127.0.0.1:8000"})"), 5);
  EXPECT_EQ(ValueOf(text, R"(stirbar_health_status{status="critical"})"), 1);
  EXPECT_NEAR(*ValueOf(text, "stirbar_memory_ratio"), 0.312, 1e-9);
}

TEST(PrometheusText, BucketsAreCumulativeAndEndWithTheCount) {
  Snapshot snapshot = *MakeTestSnapshot();
  RouteSample& route = snapshot.sample.routes[1];
  route.totals.histogram.fill(1);
  snapshot.sample.routes = {route};
  std::istringstream lines(MetricsText(snapshot, HttpCounters{}, MetricsFormat::kPrometheus));
  double last_count = 0;
  double last_bound = 0;
  size_t buckets = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("stirbar_request_duration_seconds_bucket")) continue;
    const double bound = std::stod(line.substr(line.find("le=\"") + 4));
    const double count = std::stod(line.substr(line.rfind(' ')));
    EXPECT_GT(bound, last_bound);
    EXPECT_GT(count, last_count);
    // One duration a bucket: as many lie below a boundary as there are buckets below it.
    if (std::isfinite(bound)) {
      EXPECT_EQ(count, HistogramBucket(static_cast<uint64_t>(std::llround(bound * 1e9))));
    }
    last_bound = bound;
    last_count = count;
    ++buckets;
  }
  EXPECT_EQ(buckets, 17U);
  EXPECT_EQ(last_count, kHistogramBuckets);
}

TEST(PrometheusText, ShowsTheLoad) {
  Snapshot snapshot = *MakeTestSnapshot();
  RouteTotals& totals = snapshot.sample.routes[1].totals;
  totals.queue_sum_ns = 2'500'000'000;
  totals.parts_ns[static_cast<size_t>(Part::kSql)] = 1'500'000'000;
  totals.part_calls[static_cast<size_t>(Part::kSql)] = 12;
  totals.refused = 3;
  totals.degraded = 7;
  const std::string text = MetricsText(snapshot, HttpCounters{}, MetricsFormat::kPrometheus);
  const std::string route = R"(method="GET",route="/item/<int:id>")";
  EXPECT_EQ(ValueOf(text, "stirbar_saturation_ratio"), 0.62);
  EXPECT_EQ(ValueOf(text, "stirbar_load_pressure_ratio"), 0.62);
  EXPECT_EQ(ValueOf(text, "stirbar_shed_level"), 1);
  EXPECT_EQ(ValueOf(text, "stirbar_backlog_limit"), 540);
  EXPECT_EQ(ValueOf(text, R"(stirbar_requests_refused_total{criticality="background"})"), 40);
  EXPECT_EQ(ValueOf(text, R"(stirbar_requests_would_refuse_total{criticality="normal"})"), 0);
  EXPECT_EQ(ValueOf(text, R"(stirbar_queue_time_seconds_bucket{le="+Inf"})"), 7);
  EXPECT_EQ(ValueOf(text, "stirbar_queue_time_seconds_count"), 7);
  EXPECT_EQ(ValueOf(text, "stirbar_queue_time_seconds_sum"), 2.5);
  EXPECT_EQ(ValueOf(text, "stirbar_route_queue_seconds_total{" + route + "}"), 2.5);
  EXPECT_EQ(ValueOf(text, "stirbar_route_part_seconds_total{" + route + ",part=\"sql\"}"), 1.5);
  EXPECT_EQ(ValueOf(text, "stirbar_route_part_calls_total{" + route + ",part=\"sql\"}"), 12);
  EXPECT_FALSE(ValueOf(text, "stirbar_route_part_seconds_total{" + route + ",part=\"http\"}"));
  EXPECT_EQ(ValueOf(text, "stirbar_route_refused_total{" + route + "}"), 3);
  EXPECT_EQ(ValueOf(text, "stirbar_requests_degraded_total{" + route + "}"), 7);
  EXPECT_EQ(ValueOf(text, R"(stirbar_outgoing_calls_total{host="api.shop.example:443"})"), 300);
  EXPECT_EQ(ValueOf(text, R"(stirbar_outgoing_seconds_total{host="api.shop.example:443"})"), 36);
  EXPECT_FALSE(ValueOf(text, "stirbar_service_rate"));
}

TEST(PrometheusText, ShowsTheHistoryAndWhereElseItGoes) {
  Snapshot snapshot = *MakeTestSnapshot();
  HistorySample& history = snapshot.sample.history;
  history.dropped = 3;
  ExportSample& collector = history.exports.emplace_back();
  collector.name = "collector";
  collector.sent = 12;
  collector.waiting = 7;
  collector.behind_seconds = 21;
  collector.failing_since_wall_ns = snapshot.sample.tick.wall_ns - 5'000'000'000;
  const std::string text = MetricsText(snapshot, HttpCounters{}, MetricsFormat::kPrometheus);
  const std::string label = R"({export="collector"})";
  EXPECT_EQ(ValueOf(text, "stirbar_history_dropped_total"), 3);
  EXPECT_EQ(ValueOf(text, "stirbar_export_sent_total" + label), 12);
  EXPECT_EQ(ValueOf(text, "stirbar_export_waiting" + label), 7);
  EXPECT_EQ(ValueOf(text, "stirbar_export_behind_seconds" + label), 21);
  EXPECT_EQ(ValueOf(text, "stirbar_export_failing_seconds" + label), 5);
}

TEST(PrometheusText, NotMeasuredHasNoSeries) {
  const std::string text = Text();
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_FALSE(ValueOf(text, "stirbar_connection_pool_ratio"));
  EXPECT_FALSE(ValueOf(text, R"(stirbar_worker_proportional_memory_bytes{slot="0"})"));
  EXPECT_TRUE(ValueOf(text, R"(stirbar_worker_open_fds{slot="0"})"));
}

TEST(PrometheusText, OpenMetricsNamesCountersWithoutTotalAndEnds) {
  const std::string text = Text(MetricsFormat::kOpenMetrics);
  EXPECT_NE(text.find("# TYPE stirbar_requests counter\n"), std::string::npos);
  EXPECT_NE(text.find("\nstirbar_requests_total{"), std::string::npos);
  EXPECT_TRUE(text.ends_with("# EOF\n"));
  // Families must not run into each other once `_total` is gone.
  std::istringstream lines(text);
  std::set<std::string> families;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(families.insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
  }
}

TEST(PrometheusText, SizeDoesNotDependOnDeadWorkers) {
  Snapshot snapshot = *MakeTestSnapshot();
  const size_t before = MetricsText(snapshot, {}, MetricsFormat::kPrometheus).size();
  snapshot.sample.totals.workers_died = 5;  // one digit, as before
  EXPECT_EQ(MetricsText(snapshot, {}, MetricsFormat::kPrometheus).size(), before);
}

TEST(MetricLabel, Escapes) {
  EXPECT_EQ(MetricLabel("route", "a\"b\\c\nd"), R"(route="a\"b\\c\nd")");
  EXPECT_EQ(MetricLabel("route", "\xFFx"), "route=\"\xEF\xBF\xBDx\"");
}

TEST(ChooseMetricsFormat, FollowsTheAcceptHeader) {
  EXPECT_EQ(ChooseMetricsFormat(""), MetricsFormat::kPrometheus);
  EXPECT_EQ(ChooseMetricsFormat("*/*"), MetricsFormat::kPrometheus);
  EXPECT_EQ(
      ChooseMetricsFormat("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"),
      MetricsFormat::kOpenMetrics);
  EXPECT_EQ(ChooseMetricsFormat("application/openmetrics-text;q=0.1, text/plain"),
            MetricsFormat::kPrometheus);
  EXPECT_EQ(ChooseMetricsFormat("application/openmetrics-text;q=0"), MetricsFormat::kPrometheus);
}

}  // namespace
}  // namespace stirbar
