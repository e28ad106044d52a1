#include "supervisor/evaluate/rules.h"

#include <algorithm>
#include <string>
#include <utility>

#include "supervisor/evaluate/history_rule.h"
#include "supervisor/evaluate/load_rules.h"
#include "supervisor/evaluate/metrics.h"
#include "supervisor/evaluate/pool_rules.h"
#include "supervisor/evaluate/sink_rules.h"
#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A count, which only a damaged segment can have beyond what fits.
uint64_t Whole(double value) { return value < 0x1p63 ? static_cast<uint64_t>(value) : UINT64_MAX; }

using Value = std::optional<double>;

// The figure where `wanted`, else none.
Value Where(bool wanted, double figure) { return wanted ? Value(figure) : std::nullopt; }

Value AtLeastOne(uint64_t count) { return static_cast<double>(count); }

// ------------------------------------------------------------------------------------- workers

Rule Server() {
  Rule rule{.name = "server", .component = "workers", .unit = Unit::kCount};
  rule.critical = RuleLevel{.enter = 1.0};
  rule.metric = [](const RuleInput& input) -> Value { return input.sample.server_alive ? 0 : 1; };
  rule.describe = [](const RuleInput& input, double) {
    const std::string pid =
        input.sample.server_pid ? " (pid " + std::to_string(*input.sample.server_pid) + ")" : "";
    return "the server process" + pid + " has ended";
  };
  return rule;
}

// Value: for how long nobody has answered. Entered at once: being hung has a threshold of its own.
Rule NoWorkerAnswers() {
  Rule rule{.name = "no_worker_answers", .component = "workers", .unit = Unit::kSeconds};
  rule.critical = RuleLevel{.enter = 0.0};
  rule.metric = [](const RuleInput& input) -> Value {
    Value least;
    for (const WorkerVerdict& verdict : input.verdicts) {
      if (!IsPresent(verdict)) continue;
      if (!verdict.hung) return std::nullopt;
      least = std::min(least.value_or(verdict.hung_seconds), verdict.hung_seconds);
    }
    return least;
  };
  rule.describe = [](const RuleInput& input, double value) {
    const auto hung = static_cast<uint64_t>(
        std::count_if(input.verdicts.begin(), input.verdicts.end(),
                      [](const WorkerVerdict& verdict) { return verdict.hung; }));
    return "no worker has answered for " + SecondsText(value) + ": " +
           (hung == 1 ? "the only one is hung" : "all " + std::to_string(hung) + " are hung");
  };
  return rule;
}

Rule WorkerStopped() {
  Rule rule{.name = "worker_stopped",
            .component = "workers",
            .scope = RuleScope::kWorker,
            .unit = Unit::kSeconds};
  rule.critical = RuleLevel{.enter = 0.0};
  rule.metric = [](const RuleInput& input) {
    return Where(input.verdict->condition == WorkerCondition::kStopped,
                 input.worker->heartbeat_age_seconds);
  };
  rule.describe = [](const RuleInput& input, double) { return input.verdict->reason; };
  return rule;
}

Rule LockWait() {
  Rule rule{.name = "lock_wait",
            .component = "workers",
            .scope = RuleScope::kWorker,
            .unit = Unit::kSeconds};
  rule.warning = RuleLevel{.enter = SettingId::lock_wait_warning_threshold};
  rule.critical = RuleLevel{.enter = SettingId::lock_wait_critical_threshold};
  rule.metric = [](const RuleInput& input) {
    const bool proven =
        input.verdict->condition == WorkerCondition::kLockHeld ||
        (Answers(*input.verdict) && input.worker->lock_probe == LockProbe::kRunning &&
         input.worker->heartbeat_age_seconds < kMissedBeats);
    return Where(proven, input.worker->lock_wait_seconds);
  };
  rule.describe = [](const RuleInput& input, double) {
    return LockText(*input.worker, input.sample);
  };
  return rule;
}

Rule Heartbeat() {
  Rule rule{.name = "heartbeat",
            .component = "workers",
            .scope = RuleScope::kWorker,
            .unit = Unit::kSeconds};
  // Seen in three ticks: after a pause of the whole machine the supervisor may look before the
  // worker's thread has had its turn.
  rule.warning =
      RuleLevel{.enter = SettingId::heartbeat_warning_threshold, .enter_for = milliseconds(200)};
  rule.critical =
      RuleLevel{.enter = SettingId::heartbeat_critical_threshold, .enter_for = milliseconds(200)};
  rule.metric = [](const RuleInput& input) {
    return Where(input.verdict->condition == WorkerCondition::kSilent || Answers(*input.verdict),
                 input.worker->heartbeat_age_seconds);
  };
  rule.describe = [](const RuleInput& input, double) {
    return SilenceText(*input.worker, input.sample);
  };
  return rule;
}

Rule WorkerDeaths() {
  Rule rule{.name = "worker_deaths", .component = "workers", .unit = Unit::kCount};
  rule.warning = RuleLevel{.enter = 1.0};
  // Five a minute is a crash loop: servers start a replacement at once.
  rule.critical = RuleLevel{.enter = 5.0};
  rule.expression = BuiltInExpression("dead_workers");
  rule.describe = [](const RuleInput& input, double value) {
    std::string text = CountText(Whole(value), "worker") + " died in the last minute, " +
                       CountText(input.recent.lost, "request") + " lost";
    const std::vector<EventSample>& events = input.sample.events;
    const auto newest = std::find_if(events.rbegin(), events.rend(), [](const EventSample& event) {
      return event.kind == EventKind::kWorkerDied;
    });
    if (newest != events.rend()) text += "; the newest was pid " + std::to_string(newest->pid);
    return text;
  };
  return rule;
}

// ----------------------------------------------------------------------------------- resources

Rule Memory() {
  Rule rule{.name = "memory", .component = "memory", .unit = Unit::kRatio};
  rule.warning = RuleLevel{.enter = SettingId::memory_warning_threshold};
  rule.critical = RuleLevel{.enter = SettingId::memory_critical_threshold};
  rule.expression = BuiltInExpression("memory_ratio");
  rule.describe = [](const RuleInput& input, double value) {
    const MemoryUse use = MemoryUseOf(input.sample.machine);
    return "memory " + PercentText(value) + " used: " + BytesText(use.used_bytes) + " of " +
           BytesText(use.limit_bytes) + (use.of_cgroup ? " (cgroup limit)" : " (machine)");
  };
  return rule;
}

Rule Disk() {
  Rule rule{.name = "disk", .component = "disk", .unit = Unit::kRatio};
  rule.warning = RuleLevel{.enter = 0.90};
  // Most file systems keep 5 % for root: past 97 % logs, sessions and SQLite soon fail to write.
  rule.critical = RuleLevel{.enter = 0.97};
  rule.expression = BuiltInExpression("disk_ratio");
  rule.describe = [](const RuleInput& input, double value) {
    const MachineSample& machine = input.sample.machine;
    return "disk of " + machine.disk_path + " " + PercentText(value) + " full, " +
           BytesText(static_cast<double>(machine.disk_available_bytes)) + " left";
  };
  return rule;
}

Rule Cpu() {
  Rule rule{.name = "cpu", .component = "cpu", .unit = Unit::kRatio};
  // Half a minute: a start, a deployment or one heavy page is over by then.
  rule.warning = RuleLevel{.enter = SettingId::cpu_warning_threshold, .enter_for = seconds(30)};
  rule.critical = RuleLevel{.enter = SettingId::cpu_critical_threshold, .enter_for = minutes(5)};
  rule.expression = BuiltInExpression("cpu_ratio");
  rule.describe = [](const RuleInput& input, double value) {
    const double cpus = CpusOf(input.sample.machine);
    return "CPU " + PercentText(value) + " used: " + NumberText(value * cpus) + " of " +
           NumberText(cpus) + " CPUs";
  };
  return rule;
}

// ------------------------------------------------------------------------------------ requests

Rule AcceptQueue() {
  Rule rule{.name = "accept_queue", .component = "queue", .unit = Unit::kCount};
  // A burst that the workers take up within two seconds is no overload.
  rule.warning =
      RuleLevel{.enter = SettingId::accept_queue_warning_threshold, .enter_for = seconds(2)};
  rule.critical =
      RuleLevel{.enter = SettingId::accept_queue_critical_threshold, .enter_for = seconds(2)};
  rule.expression = BuiltInExpression("accept_queue");
  rule.describe = [](const RuleInput& input, double value) {
    std::string text = CountText(Whole(value), "connection") + " not accepted yet";
    const auto deepest =
        std::max_element(input.sample.listeners.begin(), input.sample.listeners.end(),
                         [](const ListenerSample& left, const ListenerSample& right) {
                           return left.depth < right.depth;
                         });
    if (deepest != input.sample.listeners.end()) {
      text += " on " + deepest->address + " (backlog " + std::to_string(deepest->backlog) + ")";
    }
    return text;
  };
  return rule;
}

Rule ErrorRate() {
  Rule rule{.name = "error_rate", .component = "requests", .unit = Unit::kRatio};
  rule.warning = RuleLevel{.enter = SettingId::error_rate_warning_threshold};
  rule.critical = RuleLevel{.enter = SettingId::error_rate_critical_threshold};
  rule.expression = BuiltInExpression("error_ratio");
  rule.describe = [](const RuleInput& input, double value) {
    const RecentSample& recent = input.sample.recent;
    return PercentText(value) + " of requests failed: " + std::to_string(recent.errors) + " of " +
           std::to_string(recent.requests) + " in the last minute answered with 5xx";
  };
  return rule;
}

Rule StuckRequest() {
  Rule rule{.name = "stuck_request",
            .component = "requests",
            .scope = RuleScope::kWorker,
            .unit = Unit::kSeconds};
  rule.warning = RuleLevel{.enter = SettingId::slow_request_threshold};
  rule.metric = [](const RuleInput& input) {
    double age = input.worker->oldest_request_seconds;
    // A request past its own limit is stuck, however short that limit is.
    if (MostOverdue(*input.worker, input.sample) != nullptr) {
      age = std::max(age, input.sample.settings.slow_request_threshold);
    }
    return Where(Answers(*input.verdict), age);
  };
  rule.describe = [](const RuleInput& input, double) {
    const InFlightSample* const overdue = MostOverdue(*input.worker, input.sample);
    if (overdue == nullptr) return RequestAgeText(*input.worker, input.sample);
    return RequestText(*overdue, input.sample) + " has run for " +
           SecondsText(overdue->age_seconds) + ", its limit is " +
           SecondsText(overdue->limit_seconds);
  };
  return rule;
}

Rule SlowRequests() {
  Rule rule{.name = "slow_requests", .component = "requests", .unit = Unit::kRatio};
  // Then p95 lies above slow_request_threshold. A few slow reports a day are no finding.
  rule.warning = RuleLevel{.enter = 0.05};
  rule.expression = BuiltInExpression("slow_ratio");
  rule.describe = [](const RuleInput& input, double value) {
    const RecentSample& recent = input.sample.recent;
    return PercentText(value) + " of requests slow: " + std::to_string(recent.slow) + " of " +
           std::to_string(recent.requests) + " in the last minute took " +
           SecondsText(input.sample.settings.slow_request_threshold) + " or more";
  };
  return rule;
}

Rule InFlightOverflow() {
  Rule rule{.name = "in_flight_overflow", .component = "requests", .unit = Unit::kCount};
  rule.warning = RuleLevel{.enter = 1.0};
  rule.metric = [](const RuleInput& input) { return AtLeastOne(input.recent.in_flight_overflow); };
  rule.describe = [](const RuleInput&, double value) {
    return CountText(Whole(value), "request") +
           " of the last minute not seen in flight: more than " + std::to_string(kMaxInFlight) +
           " at once in one worker";
  };
  return rule;
}

}  // namespace

namespace {

// What each looks for, for whoever lists the rules; those of expressions also stand alone, where
// there is nothing but recorded figures.
constexpr std::pair<std::string_view, std::string_view> kSummaries[] = {
    {"server", "the server process has ended"},
    {"no_worker_answers", "every worker is hung"},
    {"worker_stopped", "a worker is stopped by a signal or a debugger"},
    {"lock_wait", "a thread keeps the interpreter lock of a worker"},
    {"heartbeat", "a worker gives no sign of life"},
    {"worker_deaths", "{value} workers died in the last minute"},
    {"memory", "memory {value} used"},
    {"saturation", "saturation {value}: at 50 % every request slot is busy"},
    {"accept_queue", "{value} connections not accepted yet"},
    {"queue_time", "1 of 20 requests waited {value} or more before the app got it"},
    {"database_unavailable", "no server of a pool can be reached"},
    {"pool_wait", "checkouts wait {value} or more for a connection"},
    {"pool_utilization", "{value} of the connections of a pool in use"},
    {"connection_leaks", "connections are held though their request has ended"},
    {"database_target", "one of several database servers cannot be reached"},
    {"error_rate", "{value} of requests answered with 5xx"},
    {"disk", "disk {value} full"},
    {"cpu", "CPU {value} used"},
    {"stuck_request", "a request runs longer than it may"},
    {"slow_requests", "{value} of requests slow"},
    {"cache_hit_rate", "{value} of the look-ups in the app's caches are hits"},
    {"outgoing", "calls to another host fail"},
    {"in_flight_overflow", "more requests at once in a worker than can be seen"},
};

Rule CacheHitRate() {
  Rule rule{.name = "cache_hit_rate", .component = "requests", .unit = Unit::kRatio};
  // A cache that misses more often than it hits costs more than it saves. A new worker's caches
  // are cold, which is over in five minutes or never.
  rule.warning = RuleLevel{.enter = 0.5, .enter_for = minutes(5), .leave = 0.6};
  rule.expression = BuiltInExpression("cache_hit_ratio");
  rule.describe = [](const RuleInput&, double value) {
    return PercentText(value) + " of the last minute's look-ups in the app's caches were hits";
  };
  return rule;
}

std::vector<Rule> AllRules() {
  return {Server(),
          NoWorkerAnswers(),
          WorkerStopped(),
          LockWait(),
          Heartbeat(),
          WorkerDeaths(),
          Memory(),
          SaturationRule(),
          AcceptQueue(),
          QueueTimeRule(),
          DatabaseUnavailableRule(),
          PoolWaitRule(),
          PoolUtilizationRule(),
          ConnectionLeaksRule(),
          DatabaseTargetRule(),
          ErrorRate(),
          Disk(),
          Cpu(),
          StuckRequest(),
          SlowRequests(),
          CacheHitRate(),
          OutgoingRule(),
          InFlightOverflow(),
          HistoryRule(),
          ExportsRule(),
          AlertSinksRule()};
}

}  // namespace

std::vector<Rule> BuiltInRules() {
  std::vector<Rule> rules = AllRules();
  for (Rule& rule : rules) {
    for (const auto& [name, summary] : kSummaries) {
      if (name == rule.name) rule.summary = summary;
    }
  }
  return rules;
}

}  // namespace stirbar
