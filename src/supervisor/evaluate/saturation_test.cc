#include "supervisor/evaluate/saturation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stirbar {
namespace {

LoadFigures Figures(uint32_t capacity, uint32_t busy, uint32_t waiting) {
  LoadFigures figures;
  figures.workers = 2;
  figures.capacity = capacity;
  figures.busy = busy;
  figures.waiting = waiting;
  return figures;
}

TEST(Saturation, HalfIsFullAndOneIsPastTheDeadline) {
  EXPECT_DOUBLE_EQ(Saturation(0, 0, 1), 0);
  EXPECT_DOUBLE_EQ(Saturation(1, 0, 1), 0.5);
  EXPECT_DOUBLE_EQ(Saturation(1, 0.5, 1), 0.75);
  EXPECT_DOUBLE_EQ(Saturation(1, 7, 1), 1);
}

TEST(Saturation, StreamsTakeSlotsAwayFromRequests) {
  LoadFigures figures = Figures(4, 1, 0);
  figures.streams = 2;
  EXPECT_EQ(SlotsOf(figures), 2U);
  figures.streams = 4;
  EXPECT_EQ(SlotsOf(figures), 1U);
  EXPECT_TRUE(IsFull(figures));
}

TEST(Saturation, WithoutACapacityEachWorkerIsOneSlot) {
  EXPECT_EQ(SlotsOf(Figures(0, 0, 0)), 2U);
  EXPECT_FALSE(IsFull(Figures(0, 2, 0)));  // its threads are not known
  EXPECT_TRUE(IsFull(Figures(0, 2, 1)));
  EXPECT_EQ(SlotsOf(LoadFigures{}), 0U);
}

TEST(Saturation, PredictedWaitIsTheQueueOverTheRateOrTheDelaySeen) {
  LoadFigures figures = Figures(2, 2, 100);
  EXPECT_DOUBLE_EQ(PredictedWait(figures, 50), 2);
  figures.queue_delay_seconds = 3;
  EXPECT_DOUBLE_EQ(PredictedWait(figures, 50), 3);
  EXPECT_DOUBLE_EQ(PredictedWait(figures, kNotMeasured), 3);
  EXPECT_DOUBLE_EQ(PredictedWait(figures, 0), kLongestWait);
  EXPECT_DOUBLE_EQ(PredictedWait(Figures(2, 2, 0), 0), 0);
}

TEST(Pressure, MemoryThresholdsAreAtAHalfAndNineTenths) {
  const Settings settings;  // 0.8 and 0.9
  LoadFigures figures;
  figures.memory_ratio = 0.8;
  EXPECT_NEAR(PressureOf(figures, 0, settings).value, 0.5, 1e-9);
  EXPECT_EQ(PressureOf(figures, 0, settings).source, "memory");
  figures.memory_ratio = 0.9;
  EXPECT_NEAR(PressureOf(figures, 0, settings).value, 0.9, 1e-9);
  figures.memory_ratio = 0.99;
  EXPECT_DOUBLE_EQ(PressureOf(figures, 0, settings).value, 1);
  figures.memory_ratio = 0.3;
  EXPECT_DOUBLE_EQ(PressureOf(figures, 0, settings).value, 0);
  EXPECT_EQ(PressureOf(figures, 0, settings).source, "");
}

TEST(Pressure, EqualThresholdsAreAStep) {
  Settings settings;
  settings.memory_warning_threshold = settings.memory_critical_threshold = 0.9;
  LoadFigures figures;
  figures.memory_ratio = 0.89;
  EXPECT_EQ(PressureOf(figures, 0, settings).value, 0);
  figures.memory_ratio = 0.9;
  EXPECT_EQ(PressureOf(figures, 0, settings).value, 0.9);
}

TEST(Pressure, TheWorstDecidesAndNamesItsSource) {
  const Settings settings;
  LoadFigures figures;
  figures.memory_stall_ratio = 0.2;
  EXPECT_EQ(PressureOf(figures, 0.1, settings).source, "memory");
  EXPECT_EQ(PressureOf(figures, 0.6, settings).source, "queue");
  figures.cpu_ratio = 0.95;
  EXPECT_EQ(PressureOf(figures, 0.6, settings).source, "cpu");
  EXPECT_DOUBLE_EQ(PressureOf(figures, 0.6, settings).value, 0.6);
}

TEST(Pressure, ABusyCpuAloneIsNone) {
  LoadFigures figures;
  figures.cpu_ratio = 1;
  EXPECT_EQ(PressureOf(figures, 0, Settings{}).value, 0);
  EXPECT_EQ(PressureOf(figures, kNotMeasured, Settings{}).value, 0);
}

}  // namespace
}  // namespace stirbar
