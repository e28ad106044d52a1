#include "supervisor/evaluate/pool_rules.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "segment/pools.h"
#include "supervisor/evaluate/rules.h"
#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

using std::chrono::seconds;

// For so long a leak that has been seen is news, also where its connection was reclaimed.
constexpr uint64_t kNewsNs = 300'000'000'000;

uint32_t WaitingFor(const PoolSample& pool) {
  return std::accumulate(pool.waiting.begin(), pool.waiting.end(), uint32_t{0});
}

// For how long it has been out of reach of somebody.
double UnavailableSeconds(const TargetSample& target) {
  return target.breakers_open > 0 ? std::max(target.unavailable_seconds, 0.001)
                                  : target.unavailable_seconds;
}

// For how long none of its servers could be reached; 0: one can.
double UnavailableSeconds(const PoolSample& pool) {
  double least = INFINITY;
  for (const TargetSample& target : pool.targets) {
    if (!target.readonly) least = std::min(least, UnavailableSeconds(target));
  }
  return std::isinf(least) ? 0 : least;
}

const PoolSample* UnavailablePool(const Sample& sample) {
  const PoolSample* longest = nullptr;
  for (const PoolSample& pool : sample.pools) {
    if (!IsUnavailable(pool)) continue;
    if (longest == nullptr || UnavailableSeconds(pool) > UnavailableSeconds(*longest)) {
      longest = &pool;
    }
  }
  return longest;
}

const TargetSample* UnavailableTarget(const Sample& sample) {
  const TargetSample* longest = nullptr;
  for (const PoolSample& pool : sample.pools) {
    if (IsUnavailable(pool)) continue;  // has a finding of its own
    for (const TargetSample& target : pool.targets) {
      if (UnavailableSeconds(target) <= 0) continue;
      if (longest == nullptr || UnavailableSeconds(target) > UnavailableSeconds(*longest)) {
        longest = &target;
      }
    }
  }
  return longest;
}

double Since(const Sample& sample, double wall_seconds) {
  return std::max(0.0, static_cast<double>(sample.tick.wall_ns) * 1e-9 - wall_seconds);
}

const DatabaseServerSample* SilentServer(const Sample& sample) {
  for (const DatabaseServerSample& server : sample.databases) {
    if (server.unavailable_since_wall > 0) return &server;
  }
  return nullptr;
}

std::string ErrorText(const std::string& error) { return error.empty() ? "" : " (" + error + ")"; }

uint64_t LeakedNow(const Sample& sample) {
  return static_cast<uint64_t>(std::count_if(
      sample.connections.begin(), sample.connections.end(), [](const ConnectionSample& connection) {
        return connection.state == ConnectionState::kActive &&
               connection.leak == LeakKind::kConfirmed;
      }));
}

const LeakSample* NewestLeak(const Sample& sample) {
  const auto newest = std::find_if(sample.leaks.rbegin(), sample.leaks.rend(), IsCertain);
  return newest != sample.leaks.rend() ? &*newest : nullptr;
}

}  // namespace

const PoolSample* FullestPool(const Sample& sample) {
  const auto fullest = std::max_element(sample.pools.begin(), sample.pools.end(),
                                        [](const PoolSample& left, const PoolSample& right) {
                                          return left.utilisation < right.utilisation;
                                        });
  return fullest != sample.pools.end() ? &*fullest : nullptr;
}

double WaitOf(const PoolSample& pool) {
  const uint64_t checkouts =
      std::accumulate(pool.wait_recent.begin(), pool.wait_recent.end(), uint64_t{0});
  if (checkouts >= kFewestRequests && !std::isnan(pool.wait_p95_seconds)) {
    return pool.wait_p95_seconds;
  }
  return WaitingFor(pool) > 0 ? pool.oldest_wait_seconds : 0;
}

const PoolSample* SlowestPool(const Sample& sample) {
  const auto slowest = std::max_element(
      sample.pools.begin(), sample.pools.end(),
      [](const PoolSample& left, const PoolSample& right) { return WaitOf(left) < WaitOf(right); });
  return slowest != sample.pools.end() ? &*slowest : nullptr;
}

bool IsUnavailable(const PoolSample& pool) { return UnavailableSeconds(pool) > 0; }

bool IsCertain(const LeakSample& leak) {
  return leak.kind == LeakKind::kConfirmed || leak.kind == LeakKind::kCollected;
}

std::string LeakText(const LeakSample& leak) {
  std::string text = leak.route_label.empty() ? "a task" : leak.route_label;
  const FrameSample* const frame = AppFrameOf(leak.stack);
  if (frame != nullptr) {
    text += " at " + frame->file + ":" + std::to_string(frame->line) + " in " + frame->function;
  }
  return text;
}

Rule DatabaseUnavailableRule() {
  Rule rule{.name = "database_unavailable", .component = "database", .unit = Unit::kSeconds};
  rule.critical = RuleLevel{.enter = 0.001};
  rule.metric = [](const RuleInput& input) -> std::optional<double> {
    const PoolSample* const pool = UnavailablePool(input.sample);
    return pool != nullptr ? UnavailableSeconds(*pool) : 0;
  };
  rule.describe = [](const RuleInput& input, double value) {
    const PoolSample* const pool = UnavailablePool(input.sample);
    if (pool == nullptr) return std::string("a database cannot be reached");
    return pool->name + " cannot be reached for " + SecondsText(value) +
           ErrorText(pool->targets.front().last_error) + "; " +
           CountText(Count(pool->totals, PoolCounter::refused_unavailable), "checkout") +
           " refused so far";
  };
  return rule;
}

Rule DatabaseTargetRule() {
  Rule rule{.name = "database_target", .component = "database", .unit = Unit::kSeconds};
  rule.warning = RuleLevel{.enter = 0.001};
  rule.metric = [](const RuleInput& input) -> std::optional<double> {
    const TargetSample* const target = UnavailableTarget(input.sample);
    if (target != nullptr) return UnavailableSeconds(*target);
    const DatabaseServerSample* const server = SilentServer(input.sample);
    if (server == nullptr || UnavailablePool(input.sample) != nullptr) return 0;
    return std::max(0.001, Since(input.sample, server->unavailable_since_wall));
  };
  rule.describe = [](const RuleInput& input, double value) {
    if (const TargetSample* const target = UnavailableTarget(input.sample)) {
      return std::string(target->readonly ? "replica " : "server ") + target->name +
             " cannot be reached for " + SecondsText(value) + ErrorText(target->last_error) +
             "; others of its pool can";
    }
    const DatabaseServerSample* const server = SilentServer(input.sample);
    if (server == nullptr) return std::string("a database server cannot be reached");
    return server->name + " has not answered the supervisor for " + SecondsText(value) +
           ErrorText(server->error);
  };
  return rule;
}

Rule PoolWaitRule() {
  Rule rule{.name = "pool_wait", .component = "database", .unit = Unit::kSeconds};
  rule.critical = RuleLevel{.enter = SettingId::pool_wait_critical_threshold};
  rule.expression = BuiltInExpression("pool_wait_seconds");
  rule.describe = [](const RuleInput& input, double value) {
    const PoolSample* const pool = SlowestPool(input.sample);
    if (pool == nullptr) return std::string("checkouts wait");
    const uint32_t waiting = WaitingFor(*pool);
    return "checkouts of " + pool->name + " wait " + SecondsText(value) +
           " or more for a connection (1 of 20 of the last minute), " + std::to_string(waiting) +
           (waiting == 1 ? " waits" : " wait") + " now";
  };
  return rule;
}

Rule PoolUtilizationRule() {
  Rule rule{.name = "pool_utilization", .component = "database", .unit = Unit::kRatio};
  // A burst that is over within two seconds has cost nobody anything.
  rule.warning =
      RuleLevel{.enter = SettingId::pool_utilization_warning_threshold, .enter_for = seconds(2)};
  rule.expression = BuiltInExpression("pool_utilization");
  rule.describe = [](const RuleInput& input, double value) {
    const PoolSample* const pool = FullestPool(input.sample);
    if (pool == nullptr) return std::string("a pool is nearly full");
    std::string text = PercentText(value) + " of the connections of " + pool->name +
                       " in use in a worker (" + std::to_string(pool->active) + " of " +
                       std::to_string(pool->capacity) + " in all)";
    const uint32_t waiting = WaitingFor(*pool);
    if (waiting > 0) text += ", " + std::to_string(waiting) + (waiting == 1 ? " waits" : " wait");
    return text;
  };
  return rule;
}

Rule ConnectionLeaksRule() {
  Rule rule{.name = "connection_leaks", .component = "database", .unit = Unit::kCount};
  rule.warning = RuleLevel{.enter = 1.0};
  rule.metric = [](const RuleInput& input) -> std::optional<double> {
    const Sample& sample = input.sample;
    if (sample.pools.empty()) return std::nullopt;
    const LeakSample* const newest = NewestLeak(sample);
    const bool news = newest != nullptr &&
                      AgeOf(newest->last_wall_ns, sample.tick.wall_ns) < Nanoseconds(kNewsNs);
    return static_cast<double>(std::max<uint64_t>(LeakedNow(sample), news ? 1 : 0));
  };
  rule.describe = [](const RuleInput& input, double) {
    const LeakSample* const newest = NewestLeak(input.sample);
    const uint64_t now = LeakedNow(input.sample);
    std::string text = "connections are leaked";
    if (newest != nullptr) {
      text = CountText(newest->count, "connection") + " leaked by " + LeakText(*newest);
    }
    return text + ", " + std::to_string(now) + " not given back yet";
  };
  return rule;
}

}  // namespace stirbar
