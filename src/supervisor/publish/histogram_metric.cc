#include "supervisor/publish/histogram_metric.h"

#include <charconv>
#include <vector>

namespace stirbar {
namespace {

constexpr size_t kFirstOctave = 3;

constexpr size_t FirstBucketAbove(size_t bound) {
  return 1 + (kFirstOctave + bound) * kHistogramParts;
}

std::vector<std::string> MakeLabels() {
  std::vector<std::string> labels;
  for (size_t bound = 0; bound < kHistogramBounds; ++bound) {
    char text[32];
    const auto result = std::to_chars(text, text + sizeof text, HistogramBoundSeconds(bound),
                                      std::chars_format::fixed);
    labels.push_back(MetricLabel("le", {text, result.ptr}));
  }
  labels.emplace_back("le=\"+Inf\"");
  return labels;
}

}  // namespace

double HistogramBoundSeconds(size_t index) {
  return static_cast<double>(HistogramLowerNs(FirstBucketAbove(index))) / 1e9;
}

CoarseCounts Coarse(const HistogramCounts& histogram) {
  CoarseCounts coarse{};
  size_t bucket = 0;
  for (size_t bound = 0; bound < kHistogramBounds; ++bound) {
    while (bucket < FirstBucketAbove(bound)) coarse[bound] += histogram[bucket++];
  }
  while (bucket < histogram.size()) coarse[kHistogramBounds] += histogram[bucket++];
  return coarse;
}

void WriteHistogram(const HistogramCounts& histogram, double sum_seconds, const std::string& labels,
                    MetricWriter* metrics) {
  static const std::vector<std::string> kLabels = MakeLabels();
  const std::string before_le = labels.empty() ? "" : labels + ",";
  const CoarseCounts coarse = Coarse(histogram);
  uint64_t count = 0;
  std::string bucket_labels;
  for (size_t i = 0; i < coarse.size(); ++i) {
    count += coarse[i];
    bucket_labels.assign(before_le).append(kLabels[i]);
    metrics->Sample("_bucket", bucket_labels, count);
  }
  metrics->Sample("_sum", labels, sum_seconds);
  metrics->Sample("_count", labels, count);
}

}  // namespace stirbar
