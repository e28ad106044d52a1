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
    {"cache_hit_rate", AdviseCacheHitRate},
    {"history", AdviseHistory},
    {"exports", AdviseExports},
    {"alert_sinks", AdviseAlertSinks},
};

// Where a rule's figures are, when that is not where its component's are.
constexpr std::pair<std::string_view, std::string_view> kPagesOfRules[] = {
    {"lock_wait", "/stacks"},        {"no_worker_answers", "/stacks"},
    {"worker_deaths", "/events"},    {"error_rate", "/routes"},
    {"stuck_request", "/in-flight"}, {"outgoing", "/requests"},
    {"cache_hit_rate", "/routes"},   {"cpu", "/routes"},
    {"history", "/history"},         {"exports", "/history"},
    {"alert_sinks", "/alerts"},
};
constexpr std::pair<std::string_view, std::string_view> kPagesOfComponents[] = {
    {"workers", "/workers"}, {"memory", "/workers"},    {"cpu", "/workers"},
    {"queue", "/load"},      {"requests", "/requests"}, {"database", "/connections"},
};

template <size_t N>
std::string_view Find(const std::pair<std::string_view, std::string_view> (&table)[N],
                      std::string_view key) {
  for (const auto& [name, page] : table) {
    if (name == key) return page;
  }
  return "";
}

// A user's own advice, or what he has put in the place of the built-in one.
Advice OwnAdvice(const Finding& finding, const RuleInput& input, std::span<const Rule> rules) {
  for (const Rule& rule : rules) {
    if (rule.name != finding.rule || rule.advice.empty()) continue;
    return {FillTemplate(rule.advice, rule, input.figures, finding.value, finding.threshold), ""};
  }
  return {};
}

Adviser AdviserOf(std::string_view rule) {
  for (const auto& [name, adviser] : kAdvisers) {
    if (name == rule) return adviser;
  }
  return nullptr;
}

}  // namespace

std::string_view PageOf(std::string_view rule, std::string_view component) {
  const std::string_view page = Find(kPagesOfRules, rule);
  if (!page.empty()) return page;
  const std::string_view of_component = Find(kPagesOfComponents, component);
  return of_component.empty() ? "/" : of_component;
}

void Rank(std::vector<Recommendation>* recommendations) {
  std::stable_sort(recommendations->begin(), recommendations->end(),
                   [](const Recommendation& left, const Recommendation& right) {
                     if (left.severity != right.severity) return left.severity > right.severity;
                     return left.gain_ratio > right.gain_ratio;
                   });
}

std::vector<Recommendation> Recommend(const std::vector<Finding>& findings, const RuleInput& input,
                                      std::span<const Rule> rules) {
  std::vector<Recommendation> recommendations;
  for (const Finding& finding : findings) {
    Advice advice = OwnAdvice(finding, input, rules);
    const Adviser adviser = AdviserOf(finding.rule);
    if (advice.text.empty() && adviser != nullptr) advice = adviser(finding, input);
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
    recommendations.push_back({.severity = finding.severity,
                               .component = finding.component,
                               .text = advice.text,
                               .evidence = evidence,
                               .rule = finding.rule,
                               .effect = advice.effect,
                               .command = advice.command,
                               .page = std::string(PageOf(finding.rule, finding.component)),
                               .gain_ratio = advice.gain_ratio});
  }
  Rank(&recommendations);
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
