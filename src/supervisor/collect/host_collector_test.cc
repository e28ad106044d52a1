#include "supervisor/collect/host_collector.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "segment/identity.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

class CalledHosts {
 public:
  uint32_t AddHost(const std::string& name) {
    const uint32_t host = next_++;
    NameEntry& entry = segment_->hosts[host];
    std::snprintf(entry.name, sizeof entry.name, "%s", name.c_str());
    entry.state = static_cast<uint32_t>(RouteState::kReady);
    segment_->header.host_count = next_;
    return host;
  }
  uint32_t AddWorker() {
    const uint32_t slot = *ClaimWorkerSlot(*segment_, *IdentityOf());
    WorkerSample worker;
    worker.slot = slot;
    sample_.workers.push_back(worker);
    return slot;
  }
  HostStats& Stats(uint32_t slot, uint32_t host) { return segment_->workers[slot].hosts[host]; }
  Segment& segment() { return *segment_; }
  const std::vector<HostSample>& Look() {
    collector_.Collect({.now_ns = 1'000'000'000, .full = true}, &sample_);
    return sample_.hosts;
  }

 private:
  TestSegment segment_;
  HostCollector collector_{*segment_};
  Sample sample_;
  uint32_t next_ = 1;
};

TEST(HostCollector, AddsUpWorkersAndTheRetired) {
  CalledHosts app;
  const uint32_t host = app.AddHost("api.example:443");
  for (int i = 0; i < 2; ++i) {
    HostStats& stats = app.Stats(app.AddWorker(), host);
    stats.calls = 10;
    stats.failures = 3;
    stats.duration_max_ns = 5 + i;
  }
  app.Stats(1, host).breaker_open_until_ns = 2'000'000'000;
  app.segment().retired[0].hosts[host].calls = 100;
  ASSERT_EQ(app.Look().size(), 1U);
  const HostSample& row = app.Look()[0];
  EXPECT_EQ(row.name, "api.example:443");
  EXPECT_EQ(row.totals.calls, 120U);
  EXPECT_EQ(row.totals.failures, 6U);
  EXPECT_EQ(row.totals.duration_max_ns, 6U);
  EXPECT_EQ(row.breakers_open, 1U);
}

TEST(HostCollector, HostsOfEqualNameAreOneAndUnusedOnesNone) {
  CalledHosts app;
  const uint32_t worker = app.AddWorker();
  app.Stats(worker, app.AddHost("b.example:80")).calls = 1;
  app.Stats(worker, app.AddHost("a.example:80")).calls = 2;
  app.Stats(worker, app.AddHost("b.example:80")).calls = 4;
  app.AddHost("never.example:80");
  app.Stats(worker, kHostOther).calls = 8;
  const auto& hosts = app.Look();
  ASSERT_EQ(hosts.size(), 3U);
  EXPECT_EQ(hosts[0].name, "(other)");
  EXPECT_EQ(hosts[1].name, "a.example:80");
  EXPECT_EQ(hosts[2].totals.calls, 5U);
}

TEST(HostCollector, AHalfWrittenEntryIsLeftOut) {
  CalledHosts app;
  const uint32_t host = app.AddHost("late.example:80");
  app.Stats(app.AddWorker(), host).calls = 1;
  app.segment().hosts[host].state = static_cast<uint32_t>(RouteState::kClaimed);
  EXPECT_TRUE(app.Look().empty());
  app.segment().header.host_count = 1'000'000;
  EXPECT_TRUE(app.Look().empty());
}

}  // namespace
}  // namespace stirbar
