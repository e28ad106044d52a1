#include "probe/worker_load.h"

#include <gtest/gtest.h>

#include <memory>

namespace stirbar {
namespace {

constexpr uint64_t kMs = 1'000'000;

class WorkerLoadTest : public testing::Test {
 protected:
  void Serve(uint64_t duration_ns, int times) {
    for (int i = 0; i < times; ++i) {
      load_.NoteServed({.now_ns = 1, .route = 7, .duration_ns = duration_ns}, published_);
    }
  }

  WorkerLoad load_;
  AdmissionState published_{};
};

TEST_F(WorkerLoadTest, ExpectsWhatARouteUsuallyTakes) {
  EXPECT_EQ(load_.ExpectedNs(7), 0U);
  Serve(20 * kMs, 100);
  EXPECT_NEAR(static_cast<double>(load_.ExpectedNs(7)), 20e6, 2e6);
  Serve(30'000 * kMs, 1);
  EXPECT_LT(load_.ExpectedNs(7), 24 * kMs);
  Serve(100 * kMs, 60);
  EXPECT_NEAR(static_cast<double>(load_.ExpectedNs(7)), 100e6, 10e6);
  EXPECT_EQ(load_.ExpectedNs(kRouteUnknown), 0U);
}

TEST_F(WorkerLoadTest, OneAtATimeHasNoLimit) {
  EXPECT_EQ(load_.Limit(1), 0U);
  EXPECT_EQ(load_.Limit(0), 20U);
  EXPECT_EQ(load_.Limit(100), 50U);
}

TEST_F(WorkerLoadTest, CountsWhoIsInTheApp) {
  load_.Leave();
  EXPECT_EQ(load_.running(), 0U);
  load_.Enter();
  load_.Enter();
  load_.Leave();
  EXPECT_EQ(load_.running(), 1U);
}

TEST_F(WorkerLoadTest, OverloadIsShownUntilNobodyComes) {
  load_.NoteQueue(1, 0, 100 * kMs, published_);
  load_.NoteQueue(200 * kMs, 300 * kMs, 100 * kMs, published_);
  EXPECT_EQ(published_.queue_delay_ns, 300 * kMs);
  EXPECT_EQ(published_.overloaded_since_ns, 200 * kMs);
  EXPECT_EQ(published_.level, 2U);
  load_.ForgetIdle(300 * kMs, published_);
  EXPECT_EQ(published_.level, 2U);
  load_.ForgetIdle(1300 * kMs, published_);
  EXPECT_EQ(published_.queue_delay_ns, 0U);
  EXPECT_EQ(published_.overloaded_since_ns, 0U);
  EXPECT_EQ(published_.level, 0U);
}

}  // namespace
}  // namespace stirbar
