#include "supervisor/publish/history_figures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stirbar {
namespace {

size_t Of(MetricId id) { return static_cast<size_t>(id); }

HistoryFigures Second(double cpu) {
  HistoryFigures figures;
  figures.seconds = 1;
  figures.metrics[Of(MetricId::cpu_ratio)].Add(cpu);
  figures.metrics[Of(MetricId::workers)].Add(4);
  figures.metrics[Of(MetricId::shed_level)].Add(0);
  figures.metrics[Of(MetricId::pool_waiting)].Add(kNotMeasured);
  figures.spreads[0][HistogramBucket(3'000'000)] = 20;
  figures.spreads[0][kHistogramBuckets - 1] = 300;
  return figures;
}

HistoryFigures Unpacked(const HistoryFigures& figures) {
  HistoryFigures read;
  EXPECT_TRUE(AddPacked(PackMetrics(figures), ColumnsOf(CurrentLayout()), figures.seconds, &read));
  EXPECT_TRUE(AddPackedHistograms(PackHistograms(figures.spreads), read.spreads));
  return read;
}

TEST(HistoryFigures, ReadBackWhatWasPacked) {
  const HistoryFigures read = Unpacked(Second(0.25));
  EXPECT_EQ(read.seconds, 1U);
  EXPECT_EQ(read.metrics[Of(MetricId::cpu_ratio)].Mean(), 0.25);
  EXPECT_EQ(read.metrics[Of(MetricId::workers)].Mean(), 4);
  EXPECT_EQ(read.metrics[Of(MetricId::shed_level)].count, 1U);
  EXPECT_EQ(read.metrics[Of(MetricId::shed_level)].Mean(), 0);
  EXPECT_EQ(read.metrics[Of(MetricId::pool_waiting)].count, 0U);
  EXPECT_TRUE(std::isnan(read.metrics[Of(MetricId::pool_waiting)].Mean()));
  EXPECT_EQ(read.spreads, Second(0.25).spreads);
}

TEST(HistoryFigures, JoinedIntervalsKeepLeastMostAndTheWeightedMean) {
  HistoryFigures minute = Second(0.1);
  minute.Add(Second(0.4));
  HistoryFigures idle;
  idle.seconds = 2;  // nothing was measured
  minute.Add(idle);
  HistoryFigures both = Unpacked(minute);
  const MetricBand& cpu = both.metrics[Of(MetricId::cpu_ratio)];
  EXPECT_EQ(both.seconds, 4U);
  EXPECT_EQ(cpu.count, 2U);
  EXPECT_FLOAT_EQ(cpu.least, 0.1);
  EXPECT_FLOAT_EQ(cpu.most, 0.4);
  EXPECT_FLOAT_EQ(cpu.Mean(), 0.25);
  HistoryFigures busy;
  busy.seconds = 6;
  for (int i = 0; i < 6; ++i) busy.metrics[Of(MetricId::cpu_ratio)].Add(1);
  both.Add(busy);
  EXPECT_FLOAT_EQ(both.metrics[Of(MetricId::cpu_ratio)].Mean(), (0.5 + 6) / 8);
}

TEST(HistoryFigures, PercentilesOfMergedHistogramsAreThoseOfAllRequests) {
  HistoryFigures all;
  HistogramCounts truth{};
  for (uint64_t second = 0; second < 600; ++second) {
    HistoryFigures figures;
    figures.seconds = 1;
    // Most seconds are quick; a few hold all the slow requests, which a mean of percentiles hides.
    const uint64_t ns = second % 100 == 0 ? 2'000'000'000 : 5'000'000;
    figures.spreads[0][HistogramBucket(ns)] = second % 100 == 0 ? 500 : 10;
    Add(figures.spreads[0], &truth);
    all.Add(Unpacked(figures));
  }
  EXPECT_EQ(HistogramQuantileNs(all.spreads[0], 0.95), HistogramQuantileNs(truth, 0.95));
  EXPECT_GT(HistogramQuantileNs(all.spreads[0], 0.95), 1'800'000'000U);
}

TEST(HistoryFigures, ALayoutOfAnotherVersionIsReadByName) {
  const HistoryFigures figures = Second(0.5);
  const std::string packed = PackMetrics(figures);
  LayoutColumns columns = ColumnsOf("no_such_metric,workers");
  EXPECT_EQ(columns[0], -1);
  EXPECT_EQ(columns[1], static_cast<int16_t>(MetricId::workers));
  HistoryFigures read;
  // Two metrics that were written in that order: 0.5 and 4.
  const std::string two("\x02\x00\x00\x00\x3f\x02\x00\x00\x80\x40", 10);
  EXPECT_TRUE(AddPacked(two, columns, 1, &read));
  EXPECT_EQ(read.metrics[Of(MetricId::workers)].Mean(), 4);
  EXPECT_EQ(read.metrics[Of(MetricId::cpu_ratio)].count, 0U);
}

TEST(HistoryFigures, DamagedBytesAreRefused) {
  const HistoryFigures figures = Second(0.5);
  const std::string metrics = PackMetrics(figures);
  const std::string histograms = PackHistograms(figures.spreads);
  const LayoutColumns columns = ColumnsOf(CurrentLayout());
  for (size_t length = 0; length < metrics.size(); ++length) {
    HistoryFigures read;
    EXPECT_FALSE(AddPacked(metrics.substr(0, length), columns, 1, &read)) << length;
  }
  for (size_t length = 0; length < histograms.size(); ++length) {
    HistoryFigures read;
    EXPECT_FALSE(AddPackedHistograms(histograms.substr(0, length), read.spreads)) << length;
  }
  HistoryFigures read;
  EXPECT_FALSE(AddPackedHistograms(std::string(64, '\xff'), read.spreads));
  EXPECT_FALSE(AddPackedHistograms(std::string("\x01\xa3\x01\x01\x00\x00", 6), read.spreads));
}

TEST(HistoryFigures, ASecondTakesTheSizeThatTheHeaderSays) {
  HistoryFigures figures;
  figures.seconds = 1;
  for (size_t i = 0; i < 30; ++i)
    figures.metrics[i].Add(i < 18 ? 0.1 * static_cast<double>(i + 1) : 0);
  for (uint64_t i = 0; i < 20; ++i) figures.spreads[0][30 + i] = 5;
  EXPECT_LE(PackMetrics(figures).size(), 120U);
  EXPECT_LE(PackHistograms(figures.spreads).size(), 45U);
}

}  // namespace
}  // namespace stirbar
