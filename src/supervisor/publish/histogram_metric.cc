#include "supervisor/publish/histogram_metric.h"

#include <charconv>
#include <vector>

namespace stirbar {
namespace {

constexpr size_t kFirstOctave = 3;  // 0.52 ms: below it there are no Flask requests to tell apart
constexpr size_t kBoundaries = 16;

struct Boundary {
  size_t first_bucket_above;
  std::string label;
};

std::vector<Boundary> MakeBoundaries() {
  std::vector<Boundary> boundaries;
  for (size_t octave = kFirstOctave; octave < kFirstOctave + kBoundaries; ++octave) {
    const size_t bucket = 1 + octave * kHistogramParts;
    char text[32];
    const auto result =
        std::to_chars(text, text + sizeof text, static_cast<double>(HistogramLowerNs(bucket)) / 1e9,
                      std::chars_format::fixed);
    boundaries.push_back({bucket, MetricLabel("le", {text, result.ptr})});
  }
  return boundaries;
}

}  // namespace

void WriteHistogram(const HistogramCounts& histogram, double sum_seconds, const std::string& labels,
                    MetricWriter* metrics) {
  static const std::vector<Boundary> kAll = MakeBoundaries();
  const std::string before_le = labels.empty() ? "" : labels + ",";
  uint64_t count = 0;
  size_t bucket = 0;
  std::string bucket_labels;
  for (const Boundary& boundary : kAll) {
    while (bucket < boundary.first_bucket_above) count += histogram[bucket++];
    bucket_labels.assign(before_le).append(boundary.label);
    metrics->Sample("_bucket", bucket_labels, count);
  }
  while (bucket < histogram.size()) count += histogram[bucket++];
  bucket_labels.assign(before_le).append("le=\"+Inf\"");
  metrics->Sample("_bucket", bucket_labels, count);
  metrics->Sample("_sum", labels, sum_seconds);
  metrics->Sample("_count", labels, count);
}

}  // namespace stirbar
