#include "supervisor/publish/event_publisher.h"

#include <cmath>
#include <cstdio>
#include <set>

#include "segment/events.h"

namespace stirbar {
namespace {

Severity SeverityOf(Status status) {
  return status == Status::kCritical  ? Severity::kCritical
         : status == Status::kWarning ? Severity::kWarning
                                      : Severity::kInfo;
}

std::string KeyOf(const Finding& finding) {
  return finding.rule + "/" + std::to_string(finding.slot.value_or(kMaxWorkers));
}

// Without what the evaluator adds while it waits for the signal to stay calm.
std::string WithoutTail(const std::string& message) {
  return message.substr(0, message.find("; over for "));
}

std::string Number(double value, const char* unit) {
  if (std::isnan(value)) return "-";
  char text[48];
  std::snprintf(text, sizeof text, "%.1f%s", value, unit);
  return text;
}

}  // namespace

EventPublisher::EventPublisher(Segment& segment, LogLine log)
    : segment_(segment), log_(std::move(log)) {}

void EventPublisher::Publish(const std::shared_ptr<const Snapshot>& snapshot) {
  NoteFindings(*snapshot);
  NoteStatus(*snapshot);
  if (snapshot->sample.tick.full) NoteResources(*snapshot);
}

void EventPublisher::NoteFindings(const Snapshot& snapshot) {
  std::set<std::string> seen;
  for (const Finding& finding : snapshot.evaluation.assessment.findings) {
    const std::string key = KeyOf(finding);
    seen.insert(key);
    const auto known = firing_.find(key);
    if (known != firing_.end() && known->second.severity == finding.severity) {
      known->second.message = WithoutTail(finding.message);
      continue;
    }
    const uint32_t slot = finding.slot.value_or(kMaxWorkers);
    firing_[key] = {finding.severity, finding.message, slot, snapshot.sample.tick.now_ns};
    AppendEvent(segment_,
                {.kind = EventKind::kAlertFiring,
                 .severity = SeverityOf(finding.severity),
                 .slot = slot,
                 .value = finding.value,
                 .value2 = finding.threshold},
                finding.message);
    log_(SeverityOf(finding.severity), finding.rule + ": " + finding.message);
  }
  for (auto known = firing_.begin(); known != firing_.end();) {
    if (seen.contains(known->first)) {
      ++known;
      continue;
    }
    const double seconds = Seconds(AgeOf(known->second.since_ns, snapshot.sample.tick.now_ns));
    const std::string text = "over after " + Number(seconds, " s") + ": " + known->second.message;
    AppendEvent(segment_, {.kind = EventKind::kAlertResolved, .slot = known->second.slot}, text);
    log_(Severity::kInfo, text);
    known = firing_.erase(known);
  }
}

void EventPublisher::NoteStatus(const Snapshot& snapshot) {
  const Assessment& assessment = snapshot.evaluation.assessment;
  if (assessment.status == status_) return;
  std::string text =
      "status " + std::string(Name(status_)) + " -> " + std::string(Name(assessment.status));
  if (!assessment.reasons.empty()) text += ": " + assessment.reasons.front();
  status_ = assessment.status;
  AppendEvent(segment_,
              {.kind = EventKind::kStatusChanged, .severity = SeverityOf(assessment.status)}, text);
  log_(SeverityOf(assessment.status), text);
}

void EventPublisher::NoteResources(const Snapshot& snapshot) {
  const Sample& sample = snapshot.sample;
  if (sample.tick.now_ns < next_line_ns_) return;
  const auto interval = static_cast<uint64_t>(sample.settings.monitoring_interval * 1e9);
  const bool first = next_line_ns_ == 0;
  next_line_ns_ = sample.tick.now_ns + interval;
  if (first) return;  // nothing is measured over time yet
  const ResourceMetrics& resources = snapshot.evaluation.resources;
  log_(Severity::kInfo, "memory " + Number(resources.memory_usage_percent, " %") + " (app " +
                            Number(resources.memory_usage_mb, " MB") + "), cpu " +
                            Number(resources.cpu_usage_percent, " %") + ", disk " +
                            Number(resources.disk_usage_percent, " %") + ", " +
                            Number(sample.recent.requests_per_second, " requests/s") + ", p95 " +
                            Number(sample.recent.p95_seconds * 1e3, " ms") + ", queue " +
                            std::to_string(resources.request_queue_size) + ", " +
                            std::to_string(sample.workers.size()) + " workers");
}

}  // namespace stirbar
