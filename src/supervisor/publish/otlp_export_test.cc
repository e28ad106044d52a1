#include "supervisor/publish/otlp_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "supervisor/publish/otlp_point.h"
#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

// A collector: what it has taken, and what it is to answer.
class Collector {
 public:
  OtlpPost Post() {
    return [this](const HttpPostRequest& request, const std::atomic<bool>& stop) {
      std::unique_lock lock(mutex_);
      ++asked_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return !holds_ || stop; });
      const HttpPostAnswer answer = answer_;
      if (answer.error.empty() && answer.status == 200) Take(request.body);
      changed_.notify_all();
      return answer;
    };
  }

  void Answer(HttpPostAnswer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void Hold(bool holds) {
    const std::lock_guard lock(mutex_);
    holds_ = holds;
    changed_.notify_all();
  }
  template <typename Condition>
  bool WaitFor(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(30), [&] { return condition(asked_, times_); });
  }
  std::vector<uint64_t> times() {
    const std::lock_guard lock(mutex_);
    return times_;
  }

 private:
  // The moments of the first gauge.
  void Take(const std::string& body) {
    const json::value root = json::parse(body);
    const json::value& metric =
        root.at("resourceMetrics").at(0).at("scopeMetrics").at(0).at("metrics").at(0);
    for (const json::value& point : metric.at("gauge").at("dataPoints").as_array()) {
      times_.push_back(std::stoull(json::value_to<std::string>(point.at("timeUnixNano"))));
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  HttpPostAnswer answer_{"", 200, "{}", {}};
  bool holds_ = false;
  uint32_t asked_ = 0;
  std::vector<uint64_t> times_;
};

class OtlpExportTest : public testing::Test {
 protected:
  OtlpExportTest() {
    options_.name = "collector";
    options_.url = "http://127.0.0.1:4318/v1/metrics";
    options_.interval = seconds(10);
    options_.longest_pause = milliseconds(5);
  }
  ~OtlpExportTest() override {
    collector_.Hold(false);
    export_.reset();
  }

  void Start() { export_ = MakeOtlpExport(options_, {"shop", "web-1"}, collector_.Post()); }

  // A full tick at `second`.
  void Tick(uint64_t second) {
    Snapshot snapshot;
    snapshot.sample.tick = {second * 1'000'000'000, second, true};
    snapshot.evaluation.metrics[MetricId::memory_ratio] = 0.5;
    export_->Offer(snapshot);
    points_ = DataPoints(PointOf(snapshot));
  }

  // Until the thread has noted it: the collector knows before.
  template <typename Condition>
  ExportSample Eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    ExportSample sample = export_->State();
    while (!condition(sample) && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
      sample = export_->State();
    }
    EXPECT_TRUE(condition(sample));
    return sample;
  }

  ExportOptions options_;
  Collector collector_;
  std::unique_ptr<HistoryExport> export_;
  uint64_t points_ = 0;  // data points of a tick
};

TEST_F(OtlpExportTest, SendsAPointForEachInterval) {
  Start();
  for (uint64_t second = 100; second <= 121; ++second) Tick(second);
  ASSERT_TRUE(collector_.WaitFor([](auto, const auto& times) { return times.size() >= 3; }));
  EXPECT_THAT(collector_.times(), ElementsAre(100, 110, 120));
  const ExportSample sample =
      Eventually([&](const ExportSample& now) { return now.sent == 3 * points_; });
  EXPECT_EQ(sample.waiting, 0U);
  EXPECT_EQ(sample.failures, 0U);
  EXPECT_EQ(sample.failing_since_wall_ns, 0U);
  EXPECT_EQ(sample.target, "http://127.0.0.1:4318");
}

TEST_F(OtlpExportTest, WhatACollectorMissesItGetsOnceItIsBack) {
  for (const HttpPostAnswer& down :
       {HttpPostAnswer{"connection refused", 0, "", {}}, HttpPostAnswer{"", 503, "busy", {}},
        HttpPostAnswer{"", 429, "", {}}}) {
    collector_.Answer(down);
    Start();
    for (uint64_t second = 100; second < 200; second += 10) Tick(second);
    ExportSample sample = Eventually([](const ExportSample& now) { return now.failures >= 3; });
    EXPECT_NE(sample.failing_since_wall_ns, 0U);
    EXPECT_EQ(sample.waiting, 10 * points_);
    EXPECT_EQ(sample.error,
              down.error.empty() ? AnswerText(down.status, down.body) : "connection refused");
    collector_.Answer({"", 200, "", {}});
    sample = Eventually([&](const ExportSample& now) { return now.sent == 10 * points_; });
    EXPECT_EQ(sample.dropped, 0U);
    EXPECT_EQ(sample.refused, 0U);
    EXPECT_EQ(sample.error, "");
    EXPECT_EQ(sample.failing_since_wall_ns, 0U);
  }
}

TEST_F(OtlpExportTest, TheQueueIsBoundedAndTheOldestGo) {
  collector_.Answer({"connection refused", 0, "", {}});
  options_.longest_pause = seconds(3600);
  Start();
  Tick(100);
  ASSERT_TRUE(collector_.WaitFor([](uint32_t asked, const auto&) { return asked >= 1; }));
  for (uint64_t i = 1; i < kOtlpPointsQueued + 50; ++i) Tick(100 + 10 * i);
  const ExportSample sample = export_->State();
  EXPECT_EQ(sample.waiting, kOtlpPointsQueued * points_);
  EXPECT_EQ(sample.dropped, 50 * points_);
}

TEST_F(OtlpExportTest, ACollectorThatHangsHoldsNobodyUp) {
  collector_.Hold(true);
  Start();
  for (uint64_t i = 0; i < 2 * kOtlpPointsQueued; ++i) Tick(100 + 10 * i);
  EXPECT_EQ(export_->State().waiting, kOtlpPointsQueued * points_);
}

TEST_F(OtlpExportTest, WhatIsRefusedIsGivenUpAndCounted) {
  collector_.Answer({"", 400, "no such field", {}});
  Start();
  Tick(100);
  const ExportSample sample =
      Eventually([&](const ExportSample& now) { return now.refused == points_; });
  EXPECT_EQ(sample.waiting, 0U);
  EXPECT_EQ(sample.error, "it answers 400: no such field");
  collector_.Answer({"", 200, "", {}});
  Tick(110);
  Eventually([&](const ExportSample& now) { return now.sent == points_; });
  EXPECT_THAT(collector_.times(), ElementsAre(110));
}

TEST_F(OtlpExportTest, PartialSuccessIsNotSentAgain) {
  collector_.Answer(
      {"", 200, R"({"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too old"}})", {}});
  Start();
  Tick(100);
  const ExportSample sample = Eventually([](const ExportSample& now) { return now.refused == 2; });
  EXPECT_EQ(sample.sent, points_ - 2);
  EXPECT_EQ(sample.waiting, 0U);
  EXPECT_EQ(sample.error, "it has not taken 2 data points: too old");
}

}  // namespace
}  // namespace stirbar
