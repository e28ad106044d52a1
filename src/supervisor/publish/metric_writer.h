// Writes metric families in the text formats that Prometheus reads: 0.0.4 and OpenMetrics 1.0.
//
// Use: Family once a name, then its samples. The two formats differ here only in the name of a
// counter's family (OpenMetrics leaves `_total` out), the end mark and the content type; the
// samples are the same, so that a query works whichever one was negotiated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stirbar {

enum class MetricsFormat { kPrometheus, kOpenMetrics };

enum class MetricType { kCounter, kGauge, kHistogram };

// `name="value"`, escaped: backslash, quote and line feed; wrong UTF-8 replaced, because Prometheus
// refuses a whole scrape for it. Join several with commas.
std::string MetricLabel(std::string_view name, std::string_view value);

class MetricWriter {
 public:
  explicit MetricWriter(MetricsFormat format) : format_(format) {}

  // `name` without the `stirbar_` that all names get, and with `_total` for a counter.
  void Family(std::string_view name, MetricType type, std::string_view help);

  // One sample of the family begun last; `labels` is empty or what MetricLabel gave. A value that
  // is not finite is not measured: no series.
  void Sample(std::string_view labels, double value);
  void Sample(std::string_view labels, uint64_t value);
  // The same, of a histogram: suffix "_bucket", "_sum" or "_count".
  void Sample(std::string_view suffix, std::string_view labels, double value);
  void Sample(std::string_view suffix, std::string_view labels, uint64_t value);

  // A family of one sample without labels.
  template <typename T>
  void Single(std::string_view name, MetricType type, std::string_view help, T value) {
    Family(name, type, help);
    Sample({}, value);
  }

  // The whole text. Call once.
  std::string Take();

 private:
  void Line(std::string_view suffix, std::string_view labels, std::string_view value);

  MetricsFormat format_;
  std::string name_;
  std::string text_;
};

}  // namespace stirbar
