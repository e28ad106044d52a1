#include "supervisor/supervisor.h"

namespace stirbar {

std::string_view Name(Status status) {
  switch (status) {
    case Status::kHealthy:
      return "healthy";
    case Status::kWarning:
      return "warning";
    case Status::kCritical:
      return "critical";
  }
  return "unknown";
}

std::string_view Name(WorkerCondition condition) {
  switch (condition) {
    case WorkerCondition::kStarting:
      return "starting";
    case WorkerCondition::kIdle:
      return "idle";
    case WorkerCondition::kBusy:
      return "busy";
    case WorkerCondition::kStuck:
      return "stuck";
    case WorkerCondition::kLockHeld:
      return "lock_held";
    case WorkerCondition::kSilent:
      return "silent";
    case WorkerCondition::kStopped:
      return "stopped";
    case WorkerCondition::kExiting:
      return "exiting";
    case WorkerCondition::kDead:
      return "dead";
  }
  return "unknown";
}

std::string_view Name(HttpMethod method) {
  switch (method) {
    case HttpMethod::kOther:
      return "OTHER";
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kHead:
      return "HEAD";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kDelete:
      return "DELETE";
    case HttpMethod::kPatch:
      return "PATCH";
    case HttpMethod::kOptions:
      return "OPTIONS";
  }
  return "OTHER";
}

std::string_view Name(RequestPhase phase) {
  switch (phase) {
    case RequestPhase::kRouting:
      return "routing";
    case RequestPhase::kHandling:
      return "handling";
    case RequestPhase::kStreaming:
      return "streaming";
  }
  return "unknown";
}

std::string_view Name(ServerKind kind) {
  switch (kind) {
    case ServerKind::kGunicorn:
      return "gunicorn";
    case ServerKind::kUwsgi:
      return "uwsgi";
    case ServerKind::kWaitress:
      return "waitress";
    case ServerKind::kWerkzeug:
      return "werkzeug";
    case ServerKind::kModWsgi:
      return "mod_wsgi";
    case ServerKind::kGevent:
      return "gevent";
    case ServerKind::kUnknown:
    case ServerKind::kOther:
      return "other";
  }
  return "other";
}

std::string_view Name(EventKind kind) {
  switch (kind) {
    case EventKind::kNone:
      return "none";
    case EventKind::kWorkerStarted:
      return "worker_started";
    case EventKind::kWorkerExited:
      return "worker_exited";
    case EventKind::kWorkerDied:
      return "worker_died";
    case EventKind::kRequestLost:
      return "request_lost";
    case EventKind::kRequestSlow:
      return "request_slow";
    case EventKind::kSupervisorStarted:
      return "supervisor_started";
    case EventKind::kStatusChanged:
      return "status_changed";
    case EventKind::kAlertFiring:
      return "alert_firing";
    case EventKind::kAlertResolved:
      return "alert_resolved";
    case EventKind::kCleanup:
      return "cleanup";
    case EventKind::kSegmentRefused:
      return "segment_refused";
    case EventKind::kProbeFault:
      return "probe_fault";
  }
  return "unknown";
}

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kCritical:
      return "critical";
  }
  return "unknown";
}

std::string RouteLabel(HttpMethod method, uint32_t route, std::string_view rule) {
  if (route == kRouteUnmatched) return "(unmatched)";
  if (route == kRouteOther) return "(other)";
  if (route == kRouteUnknown) return "(not routed yet)";
  std::string label(Name(method));
  label += ' ';
  label += rule;
  return label;
}

}  // namespace stirbar
