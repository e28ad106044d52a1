#include "supervisor/publish/segment_publisher.h"

#include <gtest/gtest.h>

#include <cmath>

#include "segment/test_segment.h"
#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

class SegmentPublisherTest : public testing::Test {
 protected:
  HistoryValues Publish(double seconds) {
    const auto snapshot = std::make_shared<Snapshot>(*snapshot_);
    now_ns_ += static_cast<uint64_t>(seconds * 1e9);
    snapshot->sample.tick = {.now_ns = now_ns_, .wall_ns = kTestWallNs + now_ns_, .full = true};
    publisher_.Publish(snapshot);
    return publisher_.Recent(1).back();
  }

  TestSegment segment_;
  std::shared_ptr<Snapshot> snapshot_ = MakeTestSnapshot();
  uint64_t now_ns_ = 1'000'000'000;
  SegmentPublisher publisher_{*segment_, [](const std::shared_ptr<const Snapshot>&) {
                                return std::make_shared<const std::string>("{}");
                              }};
};

TEST_F(SegmentPublisherTest, AnAppWithoutPoolsHasNoPointsOfPools) {
  snapshot_->sample.pools.clear();
  const HistoryValues point = Publish(1);
  for (const double value : {point.pool_utilisation, point.pool_waiting,
                             point.pool_wait_p95_seconds, point.database_seconds}) {
    EXPECT_TRUE(std::isnan(value));
  }
}

TEST_F(SegmentPublisherTest, ThePoolsWaitersAreAddedUpAndTheLongestWaitIsShown) {
  snapshot_->evaluation.resources.connection_pool_utilization = 0.4;
  snapshot_->sample.pools.push_back(MakePool());
  snapshot_->sample.pools[1].wait_p95_seconds = kNotMeasured;
  const HistoryValues point = Publish(1);
  EXPECT_EQ(point.pool_utilisation, 0.4);
  EXPECT_EQ(point.pool_waiting, 6);
  EXPECT_EQ(point.pool_wait_p95_seconds, 0.25);
}

TEST_F(SegmentPublisherTest, SqlSecondsAreThoseSinceThePointBefore) {
  constexpr auto kSql = static_cast<size_t>(Part::kSql);
  RouteTotals& totals = snapshot_->sample.routes[1].totals;
  totals.parts_ns[kSql] = 90'000'000'000;
  totals.part_calls[kSql] = 40;
  EXPECT_TRUE(std::isnan(Publish(1).database_seconds)) << "hours are not a second";
  totals.parts_ns[kSql] += 3'000'000'000;
  EXPECT_DOUBLE_EQ(Publish(2).database_seconds, 1.5);
  EXPECT_DOUBLE_EQ(Publish(1).database_seconds, 0);
}

}  // namespace
}  // namespace stirbar
