#include "supervisor/publish/history_figures.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

namespace stirbar {
namespace {

constexpr uint8_t kNone = 0;
constexpr uint8_t kZero = 1;
constexpr uint8_t kSame = 2;
constexpr uint8_t kBand = 3;
constexpr uint8_t kShape = 3;
constexpr uint8_t kOwnCount = 4;

void PutVarint(uint64_t value, std::string* bytes) {
  for (; value >= 0x80; value >>= 7U) *bytes += static_cast<char>((value & 0x7FU) | 0x80U);
  *bytes += static_cast<char>(value);
}

void PutFloat(double value, std::string* bytes) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  for (unsigned shift = 0; shift < 32; shift += 8) *bytes += static_cast<char>(bits >> shift);
}

// Reads front to back; past the end everything is nothing, and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }

  uint8_t Byte() {
    if (rest_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }

  double Float() {
    uint32_t bits = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) bits |= static_cast<uint32_t>(Byte()) << shift;
    return std::bit_cast<float>(bits);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

uint8_t ShapeOf(const MetricBand& band) {
  if (band.count == 0) return kNone;
  if (static_cast<float>(band.least) != static_cast<float>(band.most)) return kBand;
  return band.least == 0 ? kZero : kSame;
}

void PutBand(const MetricBand& band, uint32_t seconds, std::string* bytes) {
  const uint8_t shape = ShapeOf(band);
  const bool own_count = shape != kNone && band.count != seconds;
  *bytes += static_cast<char>(shape | (own_count ? kOwnCount : 0));
  if (own_count) PutVarint(band.count, bytes);
  if (shape == kSame) PutFloat(band.least, bytes);
  if (shape != kBand) return;
  PutFloat(band.least, bytes);
  PutFloat(band.most, bytes);
  PutFloat(band.Mean(), bytes);
}

MetricBand TakeBand(uint32_t seconds, ByteReader* bytes) {
  const uint8_t tag = bytes->Byte();
  MetricBand band;
  if ((tag & kShape) == kNone) return band;
  band.count = (tag & kOwnCount) != 0 ? static_cast<uint32_t>(bytes->Varint()) : seconds;
  if ((tag & kShape) == kZero) return band;
  band.least = bytes->Float();
  const bool is_band = (tag & kShape) == kBand;
  band.most = is_band ? bytes->Float() : band.least;
  band.sum = (is_band ? bytes->Float() : band.least) * band.count;
  return band;
}

}  // namespace

void MetricBand::Add(double value) {
  if (std::isfinite(value)) Add(MetricBand{1, value, value, value});
}

void MetricBand::Add(const MetricBand& interval) {
  if (interval.count == 0) return;
  least = count > 0 ? std::min(least, interval.least) : interval.least;
  most = count > 0 ? std::max(most, interval.most) : interval.most;
  count += interval.count;
  sum += interval.sum;
}

std::string_view Name(Spread spread) {
  switch (spread) {
    case Spread::kRequest:
      return "request_seconds";
    case Spread::kQueue:
      return "queue_seconds";
    case Spread::kPoolWait:
      return "pool_wait_seconds";
  }
  return "unknown";
}

std::string_view Meaning(Spread spread) {
  switch (spread) {
    case Spread::kRequest:
      return "Durations of the requests that ended";
    case Spread::kQueue:
      return "Queue times of the requests that ended";
    case Spread::kPoolWait:
      return "Waits for a connection of a pool";
  }
  return "";
}

void Add(const HistogramCounts& more, HistogramCounts* counts) {
  for (size_t i = 0; i < kHistogramBuckets; ++i) (*counts)[i] += more[i];
}

void HistoryFigures::Add(const HistoryFigures& interval) {
  seconds += interval.seconds;
  for (size_t i = 0; i < kMetricCount; ++i) metrics[i].Add(interval.metrics[i]);
  for (size_t i = 0; i < kSpreads; ++i) stirbar::Add(interval.spreads[i], &spreads[i]);
}

std::string PackMetrics(const HistoryFigures& figures) {
  std::string bytes;
  bytes.reserve(kMetricCount * 5);
  for (const MetricBand& band : figures.metrics) PutBand(band, figures.seconds, &bytes);
  return bytes;
}

std::string PackHistograms(std::span<const HistogramCounts> histograms) {
  std::string bytes;
  for (const HistogramCounts& counts : histograms) {
    PutVarint(
        kHistogramBuckets - static_cast<uint64_t>(std::count(counts.begin(), counts.end(), 0U)),
        &bytes);
    size_t last = 0;
    for (size_t bucket = 0; bucket < counts.size(); ++bucket) {
      if (counts[bucket] == 0) continue;
      PutVarint(bucket - last, &bytes);
      PutVarint(counts[bucket], &bytes);
      last = bucket;
    }
  }
  return bytes;
}

std::string CurrentLayout() {
  std::string layout;
  for (const MetricSpec& spec : kMetricSpecs) {
    if (!layout.empty()) layout += ',';
    layout += spec.name;
  }
  return layout;
}

LayoutColumns ColumnsOf(std::string_view layout) {
  LayoutColumns columns;
  while (!layout.empty()) {
    const size_t comma = std::min(layout.find(','), layout.size());
    const MetricSpec* const spec = FindMetric(layout.substr(0, comma));
    columns.push_back(spec != nullptr ? static_cast<int16_t>(spec->id) : int16_t{-1});
    layout.remove_prefix(std::min(comma + 1, layout.size()));
  }
  return columns;
}

bool AddPacked(std::string_view metrics, const LayoutColumns& columns, uint32_t seconds,
               HistoryFigures* figures) {
  ByteReader bytes(metrics);
  figures->seconds += seconds;
  for (const int16_t column : columns) {
    const MetricBand band = TakeBand(seconds, &bytes);
    if (!bytes.ok()) return false;
    if (column >= 0) figures->metrics[static_cast<size_t>(column)].Add(band);
  }
  return bytes.AtEnd();
}

bool AddPackedHistograms(std::string_view packed, std::span<HistogramCounts> histograms) {
  ByteReader bytes(packed);
  for (HistogramCounts& counts : histograms) {
    size_t bucket = 0;
    for (uint64_t left = bytes.Varint(); left > 0; --left) {
      bucket += bytes.Varint();
      const uint64_t count = bytes.Varint();
      if (!bytes.ok() || bucket >= kHistogramBuckets) return false;
      counts[bucket] += count;
    }
  }
  return bytes.ok() && bytes.AtEnd();
}

}  // namespace stirbar
