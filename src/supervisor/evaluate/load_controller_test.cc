#include "supervisor/evaluate/load_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/simulated_queue.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr double kRate = SimulatedQueue::kServiceRate;

// Figures set by hand, looked at four times a second.
class ByHand {
 public:
  ByHand() {
    figures.now_ns = 1'000'000'000'000;
    figures.workers = figures.capacity = 2;
    figures.mean_seconds = 0.04;
    figures.backlog_own = 2048;
    settings.request_deadline = 1;
  }
  const LoadVerdict& Pass(double seconds) {
    for (int i = 0; i < static_cast<int>(seconds * 4); ++i) {
      figures.now_ns += 250'000'000;
      verdict = controller_.Judge(figures, settings);
    }
    return verdict;
  }
  void Overload() {
    figures.busy = 2;
    figures.waiting = 100;
    figures.served_per_second = 50;
  }
  LoadFigures figures;
  Settings settings;
  LoadVerdict verdict;

 private:
  LoadController controller_;
};

TEST(LoadController, AnIdleAppWantsNothing) {
  ByHand app;
  const LoadVerdict& verdict = app.Pass(10);
  EXPECT_EQ(verdict.shed_level, 0U);
  EXPECT_EQ(verdict.backlog, 0U);
  EXPECT_DOUBLE_EQ(verdict.saturation, 0);
  EXPECT_EQ(verdict.shed_reason, "saturation 0.00: 0 of 2 request slots busy, nobody waits");
  EXPECT_EQ(verdict.backlog_reason, "the server's own accept queue (2048); nobody waits");
}

TEST(LoadController, FullIsLevelOneAfterASecondAndTwoAfterThreeMore) {
  ByHand app;
  app.Overload();
  EXPECT_EQ(app.Pass(1).shed_level, 0U);
  EXPECT_EQ(app.Pass(0.25).shed_level, 1U);
  EXPECT_EQ(app.Pass(2.75).shed_level, 1U);
  const LoadVerdict& verdict = app.Pass(0.75);
  EXPECT_EQ(verdict.shed_level, 2U);
  EXPECT_EQ(verdict.shed_reason,
            "refuses sheddable and background requests; saturation 1.00: both request slots busy, "
            "100 requests wait; who comes now waits 2.0 s of 1.0 s (request_deadline); 50/s served "
            "and 0.0/s refused, 50/s can be served");
  EXPECT_LT(verdict.level_age_seconds, 1);
}

TEST(LoadController, MeasurementNeverGoesPastLevelTwo) {
  ByHand app;
  app.Overload();
  EXPECT_EQ(app.Pass(600).shed_level, 2U);
}

TEST(LoadController, MoreWorkersThanCpusRefuseNoFaster) {
  ByHand app;
  app.figures.workers = app.figures.capacity = 8;
  app.figures.cpus = 2;
  app.Overload();
  EXPECT_EQ(app.Pass(10).backlog, 1025U);
}

TEST(LoadController, AFullAppWithoutAQueueIsNoOverload) {
  ByHand app;
  app.figures.busy = 2;
  app.figures.served_per_second = 50;
  const LoadVerdict& verdict = app.Pass(60);
  EXPECT_EQ(verdict.shed_level, 0U);
  EXPECT_NEAR(verdict.saturation, 0.5, 1e-6);
}

TEST(LoadController, RefusedRequestsCountAsDemand) {
  ByHand app;
  app.Overload();
  app.Pass(5);
  app.figures.waiting = 0;  // shedding has emptied the queue
  app.figures.busy = 1;
  app.figures.served_per_second = 25;
  app.figures.refused_per_second = 60;
  EXPECT_EQ(app.Pass(50).shed_level, 2U);
  app.figures.refused_per_second = 5;
  EXPECT_EQ(app.Pass(2).shed_level, 2U);
  EXPECT_EQ(app.Pass(0.5).shed_level, 0U);
}

TEST(LoadController, WhatIsMeasuredTooLowIsTriedAfterAMinute) {
  ByHand app;
  app.Overload();
  app.Pass(5);
  app.figures.waiting = 0;
  app.figures.busy = 1;
  app.figures.served_per_second = 25;
  app.figures.refused_per_second = 25;  // would fit, if 50/s were too low
  EXPECT_EQ(app.Pass(59).shed_level, 2U);
  EXPECT_EQ(app.Pass(3).shed_level, 0U);
  EXPECT_EQ(app.Pass(120).shed_level, 0U);
}

TEST(LoadController, MemoryAtCriticalAsksForLevelTwoAtOnce) {
  ByHand app;
  app.figures.memory_ratio = 0.91;
  EXPECT_EQ(app.Pass(0.25).shed_level, 2U);
  EXPECT_THAT(app.verdict.shed_reason,
              HasSubstr("memory 91 % used (memory_critical_threshold 90 %)"));
  EXPECT_EQ(app.verdict.pressure_source, "memory");
  app.figures.memory_ratio = 0.87;  // within the band
  EXPECT_EQ(app.Pass(60).shed_level, 2U);
  app.figures.memory_ratio = 0.8;
  EXPECT_EQ(app.Pass(3).shed_level, 0U);
}

TEST(LoadController, MemoryThatRunsOutAsksForLevelTwoBeforeItIsCritical) {
  ByHand app;
  app.figures.memory_ratio = 0.82;
  app.figures.memory_outlook = {.seconds_left = 3, .running_out = true};
  EXPECT_EQ(app.Pass(0.25).shed_level, 2U);
  EXPECT_THAT(app.verdict.shed_reason,
              HasSubstr("memory 82 % used (memory_critical_threshold 90 %), the rest within "
                        "seconds at this rate; "));
  app.figures.memory_outlook = {};
  EXPECT_EQ(app.Pass(3).shed_level, 0U);
}

TEST(LoadController, TheOperatorHasTheLastWord) {
  ByHand app;
  app.settings.shed_level = 3;
  EXPECT_EQ(app.Pass(1).shed_level, 3U);
  EXPECT_TRUE(app.verdict.shed_by_operator);
  EXPECT_THAT(app.verdict.shed_reason, StartsWith("refuses normal, sheddable and background "
                                                  "requests; set by the operator (shed_level); "));
  app.settings.shed_level = 0;
  app.Overload();
  EXPECT_EQ(app.Pass(30).shed_level, 0U);
  app.settings.shed_level = -1;
  EXPECT_EQ(app.Pass(0.25).shed_level, 2U);
  EXPECT_FALSE(app.verdict.shed_by_operator);
}

TEST(LoadController, ObserveSaysWhatItWouldDo) {
  ByHand app;
  app.settings.observe_only = 1;
  app.Overload();
  const LoadVerdict& verdict = app.Pass(10);
  EXPECT_EQ(verdict.shed_level, 0U);
  EXPECT_EQ(verdict.backlog, 0U);
  EXPECT_EQ(verdict.withheld_level, 2U);
  EXPECT_EQ(verdict.withheld_backlog, 1025U);  // (50/s + 2 workers x 1,000/s) x 0.5 s
  EXPECT_THAT(verdict.shed_reason, StartsWith("would refuse sheddable and background requests; "));
  EXPECT_THAT(verdict.backlog_reason,
              StartsWith("would shorten the accept queue from 2048 to 1025; "));
}

TEST(LoadController, OffWantsNothingAndSaysSo) {
  ByHand app;
  app.settings.admission = app.settings.backlog_control = kModeOff;
  app.Overload();
  const LoadVerdict& verdict = app.Pass(10);
  EXPECT_EQ(verdict.shed_level + verdict.withheld_level, 0U);
  EXPECT_EQ(verdict.backlog + verdict.withheld_backlog, 0U);
  EXPECT_THAT(verdict.shed_reason, StartsWith("admission is off; saturation 1.00"));
  EXPECT_EQ(verdict.backlog_reason, "backlog_control is off");
}

TEST(LoadController, FreeInstantsOfAOneSlotWorkerAreSmoothed) {
  ByHand app;
  app.figures.workers = app.figures.capacity = 1;
  for (int i = 0; i < 80; ++i) {
    app.figures.busy = i % 2;
    app.Pass(0.25);
  }
  EXPECT_NEAR(app.verdict.saturation, 0.25, 0.05);
}

// ------------------------------------------------------------------- a queue with capacity 50/s

TEST(LoadController, HalfOfCapacityIsLeftAlone) {
  SimulatedQueue app;
  app.offered = 0.5 * kRate;
  app.Pass(120);
  EXPECT_THAT(app.level_changes(), IsEmpty());
  EXPECT_THAT(app.backlog_changes(), IsEmpty());
  EXPECT_NEAR(app.served(), 0.5 * kRate * 120, 2);
}

TEST(LoadController, AStepToEightTimesAndBack) {
  SimulatedQueue app;
  app.offered = 0.5 * kRate;
  app.background_of_ten = 2;
  app.sheddable_of_ten = 3;
  app.Pass(30);
  app.offered = 8 * kRate;
  app.Pass(10);
  EXPECT_EQ(app.verdict().shed_level, 2U);
  // (50/s + 1,000/s) x 0.5 s; the first figures may still be of the guess.
  EXPECT_NEAR(app.verdict().backlog, 525, 10);
  EXPECT_THAT(app.verdict().backlog_reason, StartsWith("accept queue shortened from 2048 to "));
  app.Pass(50);
  EXPECT_EQ(app.level_changes().size(), 2U);
  EXPECT_LE(SimulatedQueue::MostInAMinute(app.backlog_changes()), 4U);
  const double gone = app.now();
  app.offered = 0.5 * kRate;
  app.Pass(5);
  EXPECT_EQ(app.verdict().shed_level, 0U) << "after " << app.level_changes().back() - gone;
  app.Pass(5);
  EXPECT_EQ(app.verdict().backlog, 0U);
  app.Pass(300);
  EXPECT_EQ(app.level_changes().size(), 3U);
}

TEST(LoadController, TheLevelGoesWithTheLoadAlsoTheThirdTime) {
  SimulatedQueue app;
  for (int round = 0; round < 3; ++round) {
    app.offered = 8 * kRate;
    app.Pass(20);
    EXPECT_EQ(app.verdict().shed_level, 2U);
    app.offered = 0;
    app.Pass(5);
    EXPECT_EQ(app.verdict().shed_level, 0U) << "round " << round;
  }
}

class ConstantLoad : public testing::TestWithParam<double> {};

TEST_P(ConstantLoad, ChangesTheLevelAtMostTwiceAMinute) {
  constexpr std::pair<uint32_t, uint32_t> kMixes[] = {{0, 0}, {2, 3}, {6, 0}, {0, 6}, {5, 5}};
  for (const auto& [background, sheddable] : kMixes) {
    for (const bool random : {false, true}) {
      SimulatedQueue app;
      app.random = random;
      app.background_of_ten = background;
      app.sheddable_of_ten = sheddable;
      app.offered = GetParam() * kRate;
      app.Pass(600);
      EXPECT_LE(SimulatedQueue::MostInAMinute(app.level_changes()), 2U)
          << background << " and " << sheddable << " of ten, random " << random << ": "
          << testing::PrintToString(app.level_changes());
      EXPECT_LE(SimulatedQueue::MostInAMinute(app.backlog_changes()), 7U)
          << testing::PrintToString(app.backlog_changes());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(LoadController, ConstantLoad,
                         testing::Values(0.5, 0.8, 0.95, 1.0, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0,
                                         4.0, 8.0, 20.0));

}  // namespace
}  // namespace stirbar
