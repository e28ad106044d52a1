#include "supervisor/publish/alert_metrics.h"

namespace stirbar {

void WriteAlertMetrics(const AlertingSample& alerting, MetricWriter* metrics) {
  metrics->Family("alerts", MetricType::kGauge,
                  "Alerts by state; those silenced, acknowledged or flapping are also firing.");
  const auto counts = [&](std::string_view state, const AlertCounts& of) {
    const std::string label = MetricLabel("state", state) + ",";
    metrics->Sample(label + MetricLabel("severity", "warning"), uint64_t{of[0]});
    metrics->Sample(label + MetricLabel("severity", "critical"), uint64_t{of[1]});
  };
  counts("pending", alerting.pending);
  counts("firing", alerting.firing);
  counts("silenced", alerting.silenced);
  counts("acknowledged", alerting.acknowledged);
  counts("flapping", alerting.flapping);
  const auto each = [&](std::string_view name, MetricType type, std::string_view help,
                        auto value_of) {
    metrics->Family(name, type, help);
    for (const SinkSample& sink : alerting.sinks) {
      metrics->Sample(MetricLabel("sink", sink.name), value_of(sink));
    }
  };
  each("alert_deliveries_total", MetricType::kCounter, "Messages that a sink has taken.",
       [](const SinkSample& sink) { return sink.delivered; });
  each("alert_delivery_failures_total", MetricType::kCounter, "Attempts that failed.",
       [](const SinkSample& sink) { return sink.failures; });
  each("alert_messages_refused_total", MetricType::kCounter,
       "Messages that the receiver does not take, given up.",
       [](const SinkSample& sink) { return sink.refused; });
  each("alert_messages_dropped_total", MetricType::kCounter,
       "Messages for which there was no room while the sink was down.",
       [](const SinkSample& sink) { return sink.dropped; });
  each("alert_outbox_messages", MetricType::kGauge, "Messages that wait for a sink.",
       [](const SinkSample& sink) { return uint64_t{sink.waiting}; });
  each("alert_sink_failing_seconds", MetricType::kGauge,
       "For how long a sink has failed; 0: works.",
       [](const SinkSample& sink) { return sink.failing_seconds; });
  metrics->Single("alert_outbox_bytes", MetricType::kGauge, "Of all that waits.",
                  alerting.outbox_bytes);
  metrics->Single("alert_outbox_on_disk", MetricType::kGauge,
                  "0: what waits is in memory only, see the log.",
                  uint64_t{alerting.outbox_trouble.empty()});
}

}  // namespace stirbar
