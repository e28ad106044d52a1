#include "probe/worker_orders.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "segment/config.h"
#include "segment/test_segment.h"

namespace stirbar {
namespace {

constexpr uint64_t kNow = 100'000'000'000;

class WorkerOrdersTest : public testing::Test {
 protected:
  WorkerOrdersTest() { Block().heartbeat_ns = kNow - 1; }

  SupervisorBlock& Block() { return segment_->supervisor; }
  const WorkerOrders& Refreshed() {
    RefreshOrders(*segment_, kNow, &orders_);
    return orders_;
  }
  void Set(std::string_view name, double value) {
    EXPECT_TRUE(WriteSetting(*segment_, *FindSetting(name), value, SettingOrigin::kRuntime));
  }

  TestSegment segment_;
  WorkerOrders orders_;
};

TEST_F(WorkerOrdersTest, SettingsAreCopied) {
  Set("request_deadline", 1);
  Set("queue_delay_target", 0.25);
  Set("client_address_bits", 8);
  EXPECT_EQ(Refreshed().deadline_ns, 1'000'000'000U);
  EXPECT_EQ(orders_.delay_target_ns, 250'000'000U);
  EXPECT_EQ(orders_.address_bits, 8U);
  EXPECT_EQ(orders_.admission_mode, 2U);
}

TEST_F(WorkerOrdersTest, ObserveOnlyHoldsForWhatIsOn) {
  Set("observe_only", 1);
  EXPECT_EQ(Refreshed().admission_mode, 1U);
  Set("admission", kModeOff);
  EXPECT_EQ(Refreshed().admission_mode, 0U);
}

TEST_F(WorkerOrdersTest, LeaksAreTakenBackWhereThatIsOn) {
  EXPECT_EQ(Refreshed().leak_reclaim_mode, 1U);  // only told, as it is
  EXPECT_EQ(orders_.leak_close, 0U);
  Set("pool_leak_reclaim", kModeOn);
  Set("pool_leak_close", 1);
  EXPECT_EQ(Refreshed().leak_reclaim_mode, 2U);
  EXPECT_EQ(orders_.leak_close, 1U);
  Set("observe_only", 1);
  EXPECT_EQ(Refreshed().leak_reclaim_mode, 1U);
  Set("pool_leak_reclaim", kModeOff);
  EXPECT_EQ(Refreshed().leak_reclaim_mode, 0U);
}

TEST_F(WorkerOrdersTest, SupervisorOrdersUntilItIsGone) {
  Block().shed_level = 2;
  Block().backlog = 50;
  Block().pressure = std::bit_cast<uint64_t>(0.75);
  EXPECT_EQ(Refreshed().shed_level, 2U);
  EXPECT_EQ(orders_.backlog, 50U);
  EXPECT_EQ(orders_.pressure, 0.75);
  Block().heartbeat_ns = kNow - kSupervisorGoneNs;
  EXPECT_EQ(Refreshed().shed_level, 0U);
  EXPECT_EQ(orders_.backlog, 0U);
  EXPECT_EQ(orders_.pressure, 0);
}

TEST_F(WorkerOrdersTest, OperatorIsStrongerThanTheSupervisor) {
  Block().shed_level = 3;
  Set("shed_level", 1);
  EXPECT_EQ(Refreshed().shed_level, 1U);
  EXPECT_EQ(orders_.shed_by_operator, 1U);
  Set("shed_level", -1);
  EXPECT_EQ(Refreshed().shed_level, 3U);
  EXPECT_EQ(orders_.shed_by_operator, 0U);
}

TEST_F(WorkerOrdersTest, NoiseIsNoPressure) {
  for (const double noise : {std::numeric_limits<double>::quiet_NaN(), -1.0, 17.0}) {
    Block().pressure = std::bit_cast<uint64_t>(noise);
    Block().shed_level = 77;
    EXPECT_EQ(Refreshed().pressure, 0);
    EXPECT_LE(orders_.shed_level, 3U);
  }
}

}  // namespace
}  // namespace stirbar
