#include <algorithm>
#include <cmath>

#include "supervisor/evaluate/connection_advice.h"
#include "supervisor/evaluate/pool_rules.h"
#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

// Who holds connections of `pool` longest, by name: the first two.
std::string HoldersText(const PoolSample& pool, const Sample& sample) {
  std::vector<std::string> holders;
  for (const ConnectionSample& connection : sample.connections) {
    if (connection.pool_name != pool.name || connection.state != ConnectionState::kActive) continue;
    const std::string route = connection.route_label.empty() ? "a task" : connection.route_label;
    holders.push_back(route + " for " + SecondsText(connection.state_seconds));
  }
  return holders.empty() ? "" : "held longest by " + ListText(holders);
}

Advice AdvisePool(const PoolSample* pool, const RuleInput& input) {
  if (pool == nullptr) return {};
  const Sample& sample = input.sample;
  const uint64_t wanted = std::max<uint64_t>(
      uint64_t{pool->size} + pool->max_overflow + 1,
      std::isnan(pool->active_p95) ? 0
                                   : static_cast<uint64_t>(std::max(0.0, pool->active_p95)) + 1);
  return {"Shorten what is done while a connection of " + pool->name +
              " is held (`stirbar connections --stacks` shows who holds it where), or raise "
              "pool_size + max_overflow to " +
              std::to_string(wanted) + " (now " + std::to_string(pool->size) + " + " +
              std::to_string(pool->max_overflow) + ").",
          HoldersText(*pool, sample),
          pool->capacity > 0 && !std::isnan(pool->active_p95)
              ? "with " + std::to_string(wanted) + " the " + NumberText(pool->active_p95) +
                    " connections that 19 of 20 moments of the last 15 min needed leave one free"
              : "",
          "stirbar connections --stacks", WaitOf(*pool) > 0 ? 0.5 : 0.2};
}

}  // namespace

Advice AdvisePoolUtilization(const Finding& /*finding*/, const RuleInput& input) {
  return AdvisePool(FullestPool(input.sample), input);
}

Advice AdvisePoolWait(const Finding& /*finding*/, const RuleInput& input) {
  return AdvisePool(SlowestPool(input.sample), input);
}

Advice AdviseConnectionLeaks(const Finding& /*finding*/, const RuleInput& input) {
  const std::vector<LeakSample>& leaks = input.sample.leaks;
  const auto newest = std::find_if(leaks.rbegin(), leaks.rend(), IsCertain);
  if (newest == leaks.rend()) return {};
  Advice advice{HowToGiveBack(*newest), ""};
  advice.effect = "the " + CountText(newest->count, "connection") +
                  " that it has leaked so far would have come back";
  const double mode = input.sample.settings.pool_leak_reclaim;
  if (mode != kModeOn) {
    advice.command = "stirbar config set pool_leak_reclaim=on";
    advice.effect += "; pool_leak_reclaim on takes them back at the request's end until then";
    advice.evidence = std::string("pool_leak_reclaim is ") +
                      (mode == kModeObserve ? "observe" : "off") +
                      ": leaks are reported and left alone";
  }
  return advice;
}

Advice AdviseDatabaseUnavailable(const Finding& /*finding*/, const RuleInput& input) {
  for (const PoolSample& pool : input.sample.pools) {
    if (!IsUnavailable(pool)) continue;
    const std::string server = pool.targets.front().name;
    return {"Look whether " + server +
                " runs and takes connections from here; the app tries again by itself.",
            pool.targets.size() > 1 ? "" : "the pool has no fallback target"};
  }
  return {};
}

Advice AdviseDatabaseTarget(const Finding& /*finding*/, const RuleInput& input) {
  for (const PoolSample& pool : input.sample.pools) {
    for (const TargetSample& target : pool.targets) {
      if (target.unavailable_seconds <= 0 && target.breakers_open == 0) continue;
      return {"Look whether " + target.name + " runs and takes connections from here.", ""};
    }
  }
  for (const DatabaseServerSample& server : input.sample.databases) {
    if (server.unavailable_since_wall <= 0) continue;
    return {"Look whether " + server.name +
                " runs and lets the supervisor's account in (docs/connections.md).",
            server.error};
  }
  return {};
}

}  // namespace stirbar
