// The figures of one interval of the history, and the bytes in which a row of the file keeps them.
//
// Figures (column `figures`): for each metric, in the order of the row's layout (a list of names),
//
//   tag      1 byte    bits 0-1: 0 not measured, 1 always zero, 2 always the same, 3 a band
//                      bit 2: how often it was measured follows; else in every second of the row
//   count    varint    only with bit 2
//   floats   4 bytes   little-endian IEEE 754; one for "the same"; least, most, mean for a band
//
// Histograms (column `histograms`): for each of Spread's, the number of buckets that are not empty
// (varint), then for each its distance from the one before (varint) and its count (varint).
//
// Why so: of 40 metrics an app without databases measures 30, and of these a dozen are zero or
// still for minutes, so a second takes 110 bytes (40 doubles: 320), ten minutes take 400. A float
// has 24 bits: a percentile's error of 1/16 (base/histogram.h) is a million times larger. A
// histogram of 162 buckets of 8 bytes would take 1,296 bytes; a second's requests lie in some
// twenty buckets: 40 bytes. zlib over the whole row saved another quarter, for ten times the work;
// a table of (time, metric, value) rows takes 30 bytes a value.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// One metric over an interval.
struct MetricBand {
  uint32_t count = 0;  // seconds in which it was measured; 0: never
  double least = 0;
  double most = 0;
  double sum = 0;

  void Add(double value);                // NaN is left out
  void Add(const MetricBand& interval);  // weighted by its count
  double Mean() const { return count > 0 ? sum / count : kNotMeasured; }
};

// What is kept as merged histograms, so that percentiles stay true after a roll-up.
enum class Spread : uint8_t { kRequest, kQueue, kPoolWait };
inline constexpr size_t kSpreads = 3;
std::string_view Name(Spread spread);     // request_seconds, queue_seconds, pool_wait_seconds
std::string_view Meaning(Spread spread);  // in words, for people

struct HistoryFigures {
  uint32_t seconds = 0;  // that are in it
  std::array<MetricBand, kMetricCount> metrics{};
  std::array<HistogramCounts, kSpreads> spreads{};

  void Add(const HistoryFigures& interval);
};

void Add(const HistogramCounts& more, HistogramCounts* counts);

std::string PackMetrics(const HistoryFigures& figures);
std::string PackHistograms(std::span<const HistogramCounts> histograms);

// Where each column of a layout goes; -1: a metric that this version does not know.
using LayoutColumns = std::vector<int16_t>;
// The layout that this version writes: names, separated by commas.
std::string CurrentLayout();
LayoutColumns ColumnsOf(std::string_view layout);

// Adds a row to `figures`. Failure: the bytes are not of this format; what was read before is
// added, and false says so.
bool AddPacked(std::string_view metrics, const LayoutColumns& columns, uint32_t seconds,
               HistoryFigures* figures);
bool AddPackedHistograms(std::string_view bytes, std::span<HistogramCounts> histograms);

}  // namespace stirbar
