#include "supervisor/evaluate/service_rate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stirbar {
namespace {

// One app whose figures the test sets, looked at four times a second.
class Measured {
 public:
  Measured() {
    figures.now_ns = 1'000'000'000'000;
    figures.workers = 1;
    figures.capacity = 1;
  }
  double Pass(double seconds) {
    double rate = kNotMeasured;
    for (int i = 0; i < static_cast<int>(seconds * 4); ++i) {
      figures.now_ns += 250'000'000;
      rate = rate_.Update(figures, held);
    }
    return rate;
  }
  LoadFigures figures;
  bool held = false;

 private:
  ServiceRate rate_;
};

TEST(ServiceRate, AnIdleAppHasNone) {
  Measured app;
  app.figures.served_per_second = 3;
  app.figures.mean_seconds = 0.01;
  EXPECT_TRUE(std::isnan(app.Pass(10)));
}

TEST(ServiceRate, IsGuessedUntilTwoSecondsOfQueueHaveMeasuredIt) {
  Measured app;
  app.figures.waiting = 5;
  app.figures.mean_seconds = 0.02;
  app.figures.served_per_second = 40;
  EXPECT_DOUBLE_EQ(app.Pass(1), 50);
  EXPECT_DOUBLE_EQ(app.Pass(2), 40);
}

TEST(ServiceRate, FollowsWithAHalfLifeOfFiveSeconds) {
  Measured app;
  app.figures.waiting = 5;
  app.figures.served_per_second = 40;
  app.Pass(10);
  app.figures.served_per_second = 60;
  EXPECT_NEAR(app.Pass(5), 50, 0.5);
  app.figures.served_per_second = 30;
  app.Pass(5);
  EXPECT_NEAR(app.Pass(25), 30, 0.5);
}

TEST(ServiceRate, WithoutAQueueItCanOnlyRise) {
  Measured app;
  app.figures.waiting = 5;
  app.figures.served_per_second = 40;
  app.Pass(10);
  app.figures.waiting = 0;
  app.figures.busy = 1;
  app.figures.served_per_second = 10;
  EXPECT_DOUBLE_EQ(app.Pass(30), 40);
  app.figures.served_per_second = 60;
  EXPECT_GT(app.Pass(20), 55);
}

TEST(ServiceRate, IsForgottenAMinuteAfterTheLoadUnlessHeld) {
  Measured app;
  app.figures.waiting = 5;
  app.figures.served_per_second = 40;
  app.Pass(10);
  app.figures.waiting = 0;
  EXPECT_DOUBLE_EQ(app.Pass(59), 40);
  app.held = true;
  EXPECT_DOUBLE_EQ(app.Pass(600), 40);
  app.held = false;
  EXPECT_TRUE(std::isnan(app.Pass(61)));
}

TEST(ServiceRate, RecoversAtOnceFromAHang) {
  Measured app;
  app.figures.waiting = 5;
  app.figures.served_per_second = 0;
  EXPECT_DOUBLE_EQ(app.Pass(10), 0);
  app.figures.served_per_second = 50;
  EXPECT_DOUBLE_EQ(app.Pass(1), 50);
}

}  // namespace
}  // namespace stirbar
