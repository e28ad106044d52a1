#include "supervisor/evaluate/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

TEST(Metrics, MemoryIsTheMachinesWithoutALimit) {
  SampleBuilder sample;
  sample.MemoryUsed(0.31);
  EXPECT_NEAR(ResourcesOf(*sample).memory_usage_percent, 31, 1e-6);
}

TEST(Metrics, MemoryIsAgainstTheCgroupLimitWithoutInactiveFile) {
  SampleBuilder sample;
  CgroupSample& cgroup = sample->machine.cgroup;
  cgroup.memory_limit_bytes = 512'000'000;
  cgroup.memory_current_bytes = 500'000'000;
  cgroup.memory_inactive_file_bytes = 244'000'000;
  EXPECT_DOUBLE_EQ(ResourcesOf(*sample).memory_usage_percent, 50);
  cgroup.memory_inactive_file_bytes = 600'000'000;  // read later than `current`
  EXPECT_DOUBLE_EQ(ResourcesOf(*sample).memory_usage_percent, 0);
}

TEST(Metrics, MegabytesAreSharedOnesWhereKnown) {
  SampleBuilder sample;
  sample->processes.resize(2);
  sample->processes[0].rss_bytes = 40'000'000;
  sample->processes[0].pss_bytes = 25'000'000;
  sample->processes[1].rss_bytes = 10'000'000;
  EXPECT_DOUBLE_EQ(ResourcesOf(*sample).memory_usage_mb, 35);
}

TEST(Metrics, WorkersStandInForAMissingProcessTree) {
  SampleBuilder sample;
  sample.Worker().process.threads = 3;
  sample.Worker().process.cpu_ratio = 1;
  const ResourceMetrics metrics = ResourcesOf(*sample);
  EXPECT_DOUBLE_EQ(metrics.memory_usage_mb, 80);
  EXPECT_DOUBLE_EQ(metrics.cpu_usage_percent, 50);
  EXPECT_EQ(metrics.active_threads, 3U);
}

TEST(Metrics, CpuIsOfTheQuota) {
  SampleBuilder sample;
  sample->processes.resize(1);
  sample->processes[0].cpu_ratio = 0.4;
  sample->machine.cgroup.cpu_limit = 0.5;
  EXPECT_DOUBLE_EQ(ResourcesOf(*sample).cpu_usage_percent, 80);
  sample->machine.cgroup.cpu_limit = 64;  // more than the machine has
  EXPECT_DOUBLE_EQ(ResourcesOf(*sample).cpu_usage_percent, 20);
}

TEST(Metrics, DiskAndQueue) {
  SampleBuilder sample;
  sample->listeners[0].depth = 3;
  sample->listeners.push_back({.address = "unix:/run/app.sock", .depth = 4});
  EXPECT_DOUBLE_EQ(ResourcesOf(*sample).disk_usage_percent, 20);
  EXPECT_EQ(ResourcesOf(*sample).request_queue_size, 7U);
}

TEST(Metrics, NothingMeasuredIsNotZero) {
  const ResourceMetrics resources = ResourcesOf(Sample{});
  EXPECT_TRUE(std::isnan(resources.memory_usage_percent));
  EXPECT_TRUE(std::isnan(resources.memory_usage_mb));
  EXPECT_TRUE(std::isnan(resources.cpu_usage_percent));
  EXPECT_TRUE(std::isnan(resources.disk_usage_percent));
  EXPECT_TRUE(std::isnan(resources.connection_pool_utilization));
  const PerformanceMetrics performance = PerformanceOf(Sample{});
  EXPECT_TRUE(std::isnan(performance.avg_response_time));
  EXPECT_TRUE(std::isnan(performance.error_rate));
}

TEST(Metrics, PerformanceIsTheLastMinute) {
  SampleBuilder sample;
  sample.Requests("/slow", 60, 6, 3);
  const PerformanceMetrics metrics = PerformanceOf(*sample);
  EXPECT_DOUBLE_EQ(metrics.avg_response_time, 6);
  EXPECT_EQ(metrics.slow_request_count, 60U);
  EXPECT_DOUBLE_EQ(metrics.error_rate, 0.05);
  EXPECT_DOUBLE_EQ(metrics.throughput_rps, 1);
}

TEST(Metrics, DatabaseTimeIsTheMeanOfAllRequests) {
  SampleBuilder sample;
  sample.Requests("/sql", 30, 0.1).Requests("/plain", 30, 0.1);
  EXPECT_TRUE(std::isnan(PerformanceOf(*sample).database_query_time));
  sample.Route("/sql").totals.part_calls[static_cast<size_t>(Part::kSql)] = 30;
  EXPECT_DOUBLE_EQ(PerformanceOf(*sample).database_query_time, 0);
  sample.Route("/sql").recent_part_seconds[static_cast<size_t>(Part::kSql)] = 1.2;
  EXPECT_DOUBLE_EQ(PerformanceOf(*sample).database_query_time, 0.02);
  // What has left Sample::recent is still in the routes' window.
  sample->recent.requests = 1;
  EXPECT_DOUBLE_EQ(PerformanceOf(*sample).database_query_time, 0.02);
  sample.Route("/sql").recent = sample.Route("/plain").recent = {};
  EXPECT_TRUE(std::isnan(PerformanceOf(*sample).database_query_time));
}

}  // namespace
}  // namespace stirbar
