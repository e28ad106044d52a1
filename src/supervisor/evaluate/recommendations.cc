#include "supervisor/evaluate/recommendations.h"

#include <algorithm>
#include <utility>

namespace stirbar {
namespace {

constexpr std::pair<std::string_view, Adviser> kAdvisers[] = {
    {"server", AdviseServerEnded},
    {"no_worker_answers", AdviseNoWorkerAnswers},
    {"worker_stopped", AdviseWorkerStopped},
    {"lock_wait", AdviseLockWait},
    {"heartbeat", AdviseHeartbeat},
    {"worker_deaths", AdviseWorkerDeaths},
    {"memory", AdviseMemory},
    {"cpu", AdviseCpu},
    {"disk", AdviseDisk},
    {"saturation", AdviseLoad},
    {"accept_queue", AdviseLoad},
    {"queue_time", AdviseLoad},
    {"database_unavailable", AdviseDatabaseUnavailable},
    {"pool_wait", AdvisePoolWait},
    {"pool_utilization", AdvisePoolUtilization},
    {"connection_leaks", AdviseConnectionLeaks},
    {"database_target", AdviseDatabaseTarget},
    {"error_rate", AdviseErrorRate},
    {"stuck_request", AdviseStuckRequest},
    {"slow_requests", AdviseSlowRequests},
    {"outgoing", AdviseOutgoing},
    {"in_flight_overflow", AdviseInFlightOverflow},
};

Adviser AdviserOf(std::string_view rule) {
  for (const auto& [name, adviser] : kAdvisers) {
    if (name == rule) return adviser;
  }
  return nullptr;
}

}  // namespace

std::vector<Recommendation> Recommend(const std::vector<Finding>& findings,
                                      const RuleInput& input) {
  std::vector<Recommendation> recommendations;
  for (const Finding& finding : findings) {
    const Adviser adviser = AdviserOf(finding.rule);
    if (adviser == nullptr) continue;
    const Advice advice = adviser(finding, input);
    if (advice.text.empty()) continue;
    std::string evidence = finding.message;
    if (!advice.evidence.empty()) evidence += "; " + advice.evidence;
    const auto same =
        std::find_if(recommendations.begin(), recommendations.end(),
                     [&](const Recommendation& other) { return other.text == advice.text; });
    if (same != recommendations.end()) {
      same->evidence += "; " + evidence;
      continue;
    }
    recommendations.push_back({finding.severity, finding.component, advice.text, evidence});
  }
  return recommendations;
}

const WorkerSample* WorkerOf(const Finding& finding, const Sample& sample) {
  for (const WorkerSample& worker : sample.workers) {
    if (finding.slot == worker.slot) return &worker;
  }
  return nullptr;
}

ServerKind ServerOf(const Sample& sample) {
  return sample.workers.empty() ? ServerKind::kUnknown : sample.workers.front().server_kind;
}

bool HasMaster(ServerKind kind) {
  return kind == ServerKind::kGunicorn || kind == ServerKind::kUwsgi ||
         kind == ServerKind::kModWsgi;
}

}  // namespace stirbar
