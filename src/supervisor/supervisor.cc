#include "supervisor/supervisor.h"

#include <algorithm>

namespace stirbar {
namespace {

bool IsInstalled(const FrameSample& frame) {
  for (const char* folder : {"/site-packages/", "/dist-packages/", "/lib/python3"}) {
    if (frame.file.find(folder) != std::string::npos) return true;
  }
  return frame.file.starts_with('<');  // "<string>", "<frozen ...>"
}

}  // namespace

const FrameSample* AppFrameOf(const std::vector<FrameSample>& frames) {
  if (frames.empty()) return nullptr;
  const auto own = std::find_if(frames.begin(), frames.end(),
                                [](const FrameSample& frame) { return !IsInstalled(frame); });
  return own != frames.end() ? &*own : &frames.front();
}

std::string_view Name(RuleState state) {
  switch (state) {
    case RuleState::kInactive:
      return "inactive";
    case RuleState::kPending:
      return "pending";
    case RuleState::kFiring:
      return "firing";
  }
  return "inactive";
}

std::string_view Name(RuleOrigin origin) {
  switch (origin) {
    case RuleOrigin::kBuiltIn:
      return "built_in";
    case RuleOrigin::kChanged:
      return "changed";
    case RuleOrigin::kOwn:
      return "own";
  }
  return "built_in";
}

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
    case EventKind::kRequestStuck:
      return "request_stuck";
    case EventKind::kRequestInterrupted:
      return "request_interrupted";
    case EventKind::kWorkerReplaced:
      return "worker_replaced";
    case EventKind::kActionWithheld:
      return "action_withheld";
    case EventKind::kShedLevelChanged:
      return "shed_level_changed";
    case EventKind::kBacklogChanged:
      return "backlog_changed";
    case EventKind::kConnectionLeaked:
      return "connection_leaked";
    case EventKind::kConnectionReturned:
      return "connection_returned";
    case EventKind::kDatabaseUnavailable:
      return "database_unavailable";
    case EventKind::kDatabaseAvailable:
      return "database_available";
    case EventKind::kSlowQuery:
      return "slow_query";
    case EventKind::kMemoryEmergency:
      return "memory_emergency";
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

std::string_view Name(QueueSource source) {
  switch (source) {
    case QueueSource::kNone:
      return "none";
    case QueueSource::kHeader:
      return "header";
    case QueueSource::kServer:
      return "server";
    case QueueSource::kSocket:
      return "socket";
  }
  return "none";
}

std::string_view Name(Criticality criticality) {
  switch (criticality) {
    case Criticality::kCritical:
      return "critical";
    case Criticality::kNormal:
      return "normal";
    case Criticality::kSheddable:
      return "sheddable";
    case Criticality::kBackground:
      return "background";
  }
  return "normal";
}

std::string_view Name(Activity activity) {
  switch (activity) {
    case Activity::kApplication:
      return "application";
    case Activity::kSql:
      return "sql";
    case Activity::kRedis:
      return "redis";
    case Activity::kHttp:
      return "http";
    case Activity::kCheckout:
      return "checkout";
  }
  return "application";
}

std::string_view Name(Part part) {
  switch (part) {
    case Part::kSql:
      return "sql";
    case Part::kRedis:
      return "redis";
    case Part::kHttp:
      return "http";
    case Part::kLock:
      return "lock";
    case Part::kGarbage:
      return "garbage";
  }
  return "unknown";
}

std::string_view Name(StackQuality quality) {
  switch (quality) {
    case StackQuality::kExact:
      return "exact";
    case StackQuality::kApproximate:
      return "approximate";
    case StackQuality::kUnreadable:
      return "unreadable";
  }
  return "unreadable";
}

std::string_view Name(PoolLane lane) {
  switch (lane) {
    case PoolLane::kRequest:
      return "request";
    case PoolLane::kTask:
      return "task";
  }
  return "unknown";
}

std::string_view Name(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kOpen:
      return "open";
    case BreakerState::kHalfOpen:
      return "half_open";
  }
  return "unknown";
}

std::string_view Name(ConnectionState state) {
  switch (state) {
    case ConnectionState::kFree:
      return "free";
    case ConnectionState::kConnecting:
      return "connecting";
    case ConnectionState::kIdle:
      return "idle";
    case ConnectionState::kActive:
      return "active";
  }
  return "unknown";
}

std::string_view Name(LeakKind kind) {
  switch (kind) {
    case LeakKind::kNone:
      return "none";
    case LeakKind::kSuspect:
      return "suspect";
    case LeakKind::kConfirmed:
      return "confirmed";
    case LeakKind::kCollected:
      return "collected";
  }
  return "unknown";
}

std::string_view Name(HolderKind kind) {
  switch (kind) {
    case HolderKind::kUnknown:
      return "unknown";
    case HolderKind::kRaw:
      return "raw";
    case HolderKind::kConnection:
      return "connection";
    case HolderKind::kSession:
      return "session";
    case HolderKind::kFlaskSession:
      return "flask_session";
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
