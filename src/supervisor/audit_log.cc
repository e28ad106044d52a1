#include "supervisor/audit_log.h"

namespace stirbar {
namespace {

constexpr uint64_t kMinuteNs = 60'000'000'000;

}  // namespace

void AuditLog::Record(const HistoryRecord& record) {
  if (record.kind != RecordKind::kAccess) {
    history_.Record(record);
    return;
  }
  if (record.severity >= Severity::kWarning && !MayTell()) return;
  log_(record.severity, record.name + ": " + record.text + ", from " + record.actor);
  history_.Record(record);
}

bool AuditLog::MayTell() {
  const uint64_t now_ns = clock_();
  if (minute_began_ns_ == 0 || now_ns - minute_began_ns_ >= kMinuteNs) {
    if (untold_ > 0) {
      HistoryRecord rest;
      rest.kind = RecordKind::kAccess;
      rest.severity = Severity::kWarning;
      rest.name = "access";
      rest.text = std::to_string(untold_) + " more refusals within a minute";
      log_(rest.severity, rest.text);
      history_.Record(rest);
    }
    minute_began_ns_ = now_ns;
    told_ = untold_ = 0;
  }
  if (told_ >= kAuditPerMinute) {
    ++untold_;
    return false;
  }
  ++told_;
  return true;
}

}  // namespace stirbar
