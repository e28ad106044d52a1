#include <gtest/gtest.h>

#include "supervisor/publish/history_text.h"

namespace stirbar {
namespace {

constexpr int64_t kNow = 1'795'450'800;  // 2026-11-23T16:20:00Z

TEST(HistoryWords, TimesComeAsSecondsOrAsRfc3339) {
  for (const char* text :
       {"1795450800", "1795450800.7", "2026-11-23T16:20:00Z", "2026-11-23T16:20:00.123Z",
        "2026-11-23T17:20:00+01:00", "2026-11-23T17:20:00 01:00", "2026-11-23 11:50:00-04:30",
        "2026-11-23t16:20:00z"}) {
    const Result<int64_t> time = ParseTime("from", text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(*time, kNow) << text;
  }
}

TEST(HistoryWords, OtherTimesAreRefusedByName) {
  for (const char* text :
       {"", "yesterday", "-1", "nan", "1e300", "2026-11-23", "2026-11-23T16:20:00",
        "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T16:20:00Zx", "2026-11-23T16:20:00+1:00", "1795450800x"}) {
    const Result<int64_t> time = ParseTime("until", text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().rfind("until: '" + std::string(text) + "' is not allowed", 0), 0U)
        << time.error();
  }
}

TEST(HistoryWords, ARangeIsTheLastHourUnlessItIsSaid) {
  const Result<HistoryRange> range = ParseRange({}, kNow, kHistoryPoints);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->from, kNow - 3600);
  EXPECT_EQ(range->until, kNow);
  EXPECT_EQ(range->step, 0);
}

TEST(HistoryWords, ARangeOfTooManyPointsIsRefusedWithTheStepThatWouldDo) {
  EXPECT_TRUE(ParseRange({"1000", "21000", "10"}, kNow, kHistoryPoints));
  const Result<HistoryRange> refused = ParseRange({"1000", "21000", "9"}, kNow, kHistoryPoints);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(),
            "step: '9' is not allowed; it takes whole seconds, here at least 10: an answer has at "
            "most 2000 points");
  for (const char* step : {"0", "-5", "1.5", "x", ""}) {
    EXPECT_FALSE(ParseRange({"1000", "2000", step}, kNow, kHistoryPoints)) << step;
  }
}

TEST(HistoryWords, FromMustLieBeforeUntil) {
  const Result<HistoryRange> refused = ParseRange({"2000", "2000", {}}, kNow, kHistoryPoints);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "from: '2000' is not allowed; it takes a time before until (2000)");
}

TEST(HistoryWords, MetricsAreThoseOfTheTable) {
  HistoryQuery query;
  ASSERT_TRUE(ParseMetrics("cpu_ratio,request_seconds,cpu_ratio", &query));
  EXPECT_EQ(query.metrics, std::vector<MetricId>{MetricId::cpu_ratio});
  EXPECT_EQ(query.spreads, std::vector<Spread>{Spread::kRequest});
  HistoryQuery all;
  ASSERT_TRUE(ParseMetrics("", &all));
  EXPECT_EQ(all.metrics.size(), kMetricCount);
  EXPECT_EQ(all.spreads.size(), kSpreads);
  const Result<bool> refused = ParseMetrics("cpu_ratio,cpu", &query);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rfind("metrics: 'cpu' is not allowed; it takes memory_ratio, ", 0), 0U);
}

TEST(HistoryWords, RoundStepsGiveAReadableNumberOfPoints) {
  for (const int64_t seconds : {1L, 60L, 900L, 3600L, 21'600L, 86'400L, 604'800L, 2'592'000L,
                                34'560'000L, 3'000'000'000L}) {
    const int64_t step = RoundStep(seconds);
    EXPECT_LE(seconds / step, 600) << seconds;
    EXPECT_GE(step, 1);
  }
  EXPECT_EQ(RoundStep(3600), 10);
}

TEST(HistoryText, GapsAreNullInJsonAndEmptyInCsv) {
  HistoryAnswer answer;
  answer.range = {kNow, kNow + 20, 10};
  answer.resolution = 10;
  answer.metrics = {MetricId::cpu_ratio};
  answer.spreads = {Spread::kRequest};
  MetricBand band;
  band.Add(0.25);
  band.Add(0.75);
  answer.bands = {{band, {}}};
  answer.percentiles = {{{100, 0.005, 0.1, 0.25}, {}}};
  EXPECT_EQ(RangeCsv(answer),
            "time,cpu_ratio_mean,cpu_ratio_min,cpu_ratio_max,request_seconds_count,"
            "request_seconds_p50,request_seconds_p95,request_seconds_p99\r\n"
            "2026-11-23T16:20:00.000Z,0.5,0.25,0.75,100,0.005,0.1,0.25\r\n"
            "2026-11-23T16:20:10.000Z,,,,0,,,\r\n");
  EXPECT_EQ(RangeJson(answer),
            R"({"from":1795450800,"until":1795450820,"step":10,"resolution":10,)"
            R"("time":[1795450800,1795450810],"metrics":{"cpu_ratio":{"unit":"ratio",)"
            R"("mean":[0.5,null],"min":[0.25,null],"max":[0.75,null]}},"percentiles":)"
            R"({"request_seconds":{"count":[100,0],"p50":[0.005,null],"p95":[0.1,null],)"
            R"("p99":[0.25,null]}}})");
}

}  // namespace
}  // namespace stirbar
