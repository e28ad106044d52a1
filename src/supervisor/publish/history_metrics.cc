#include "supervisor/publish/history_metrics.h"

namespace stirbar {

void WriteHistoryMetrics(const Sample& sample, MetricWriter* metrics) {
  const HistorySample& history = sample.history;
  metrics->Single("history_dropped_total", MetricType::kCounter,
                  "Figures and records that the history had no room for.", history.dropped);
  metrics->Single("history_written", MetricType::kGauge, "0: the history is not written.",
                  uint64_t{history.on});
  metrics->Single("history_bytes", MetricType::kGauge, "Of the history's file.", history.bytes);
  if (history.exports.empty()) return;
  const auto each = [&](std::string_view name, MetricType type, std::string_view help,
                        auto value_of) {
    metrics->Family(name, type, help);
    for (const ExportSample& one : history.exports) {
      metrics->Sample(MetricLabel("export", one.name), value_of(one));
    }
  };
  each("export_sent_total", MetricType::kCounter,
       "Data points (otlp), or intervals and records (mysql), that the receiver has taken.",
       [](const ExportSample& one) { return one.sent; });
  each("export_failures_total", MetricType::kCounter, "Attempts that failed.",
       [](const ExportSample& one) { return one.failures; });
  each("export_refused_total", MetricType::kCounter, "What the receiver does not take, given up.",
       [](const ExportSample& one) { return one.refused; });
  each("export_dropped_total", MetricType::kCounter,
       "What there was no room for, or the history had forgotten, while the receiver was down.",
       [](const ExportSample& one) { return one.dropped; });
  each("export_waiting", MetricType::kGauge, "What waits to be sent.",
       [](const ExportSample& one) { return one.waiting; });
  each("export_behind_seconds", MetricType::kGauge, "Age of the oldest that waits; 0: none does.",
       [](const ExportSample& one) { return one.behind_seconds; });
  each("export_failing_seconds", MetricType::kGauge, "For how long it has failed; 0: works.",
       [&](const ExportSample& one) {
         return one.failing_since_wall_ns == 0
                    ? 0.0
                    : Seconds(AgeOf(one.failing_since_wall_ns, sample.tick.wall_ns));
       });
}

}  // namespace stirbar
