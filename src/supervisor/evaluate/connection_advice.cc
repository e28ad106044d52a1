#include "supervisor/evaluate/connection_advice.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "supervisor/evaluate/pool_rules.h"
#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

constexpr size_t kMostLeaks = 5;
constexpr size_t kMostStatements = 3;
constexpr const char* kComponent = "database";

std::string WholeText(double number) {
  return std::to_string(static_cast<uint64_t>(std::clamp(number, 0.0, 1e15)));
}

// Of one worker; 0: unlimited.
uint64_t CapacityOf(const PoolSample& pool) {
  if (pool.capacity == 0) return 0;
  return uint64_t{pool.size} + pool.max_overflow;
}

// "4 workers x (5 + 10)".
std::string PoolText(const PoolSample& pool, uint64_t workers) {
  return CountText(workers, "worker") + " x (" + std::to_string(pool.size) + " + " +
         std::to_string(pool.max_overflow) + ") of " + pool.name;
}

uint64_t WorkersOf(const PoolSample& pool, const Sample& sample) {
  // A worker that has not used its engine yet will.
  return std::max<uint64_t>(pool.workers, sample.workers.size());
}

// Whether `pool` is called by the URL of `server`: "mysql://db.example.org:3306/shop".
bool IsAt(const PoolSample& pool, const DatabaseServerSample& server) {
  const std::string place = "//" + server.name;
  const size_t at = pool.name.find(place);
  if (at == std::string::npos) return false;
  const size_t end = at + place.size();
  return end == pool.name.size() || pool.name[end] == '/';
}

std::vector<const PoolSample*> PoolsOf(const DatabaseServerSample& server, const Sample& sample) {
  std::vector<const PoolSample*> pools;
  for (const PoolSample& pool : sample.pools) {
    const bool uses =
        std::any_of(pool.targets.begin(), pool.targets.end(),
                    [&](const TargetSample& target) { return target.name == server.name; });
    if (uses || IsAt(pool, server)) pools.push_back(&pool);
  }
  return pools;
}

std::optional<Recommendation> MaxConnections(const DatabaseServerSample& server,
                                             const Sample& sample) {
  const std::vector<const PoolSample*> pools = PoolsOf(server, sample);
  if (server.max_connections == 0 || pools.empty()) return std::nullopt;
  const double ratio = sample.settings.database_connection_ratio;
  const double allowed = std::floor(ratio * server.max_connections);
  double needed = 0;
  std::string evidence;
  for (const PoolSample* const pool : pools) {
    const uint64_t workers = WorkersOf(*pool, sample);
    if (CapacityOf(*pool) == 0) {
      return Recommendation{
          Status::kWarning, kComponent,
          "Give " + pool->name + " a limit: pool_size " +
              WholeText(std::max(1.0, std::floor(allowed / static_cast<double>(workers)))) +
              ", max_overflow 0.",
          "its pool is unlimited, " + server.name + " takes " +
              std::to_string(server.max_connections) + " connections (max_connections)"};
    }
    needed += static_cast<double>(workers) * static_cast<double>(CapacityOf(*pool));
    evidence += (evidence.empty() ? "" : " and ") + PoolText(*pool, workers);
  }
  if (needed <= allowed) return std::nullopt;
  // All pools give way in the same proportion.
  const PoolSample& largest = **std::max_element(
      pools.begin(), pools.end(), [](const PoolSample* left, const PoolSample* right) {
        return CapacityOf(*left) < CapacityOf(*right);
      });
  const double fits =
      std::max(1.0, std::floor(static_cast<double>(CapacityOf(largest)) * allowed / needed));
  return Recommendation{
      needed > server.max_connections ? Status::kCritical : Status::kWarning, kComponent,
      "Lower pool_size + max_overflow of " + largest.name + " to " + WholeText(fits) + " (now " +
          std::to_string(CapacityOf(largest)) + "), or raise max_connections of " + server.name +
          " to " + WholeText(std::ceil(needed / ratio)) + " (now " +
          std::to_string(server.max_connections) + ").",
      evidence + " = " + WholeText(needed) + " connections; " + PercentText(ratio) +
          " (database_connection_ratio) of max_connections are " + WholeText(allowed)};
}

// How long a connection of `pool` can be idle; 0: without end.
double LongestIdle(const PoolSample& pool, const Settings& settings) {
  double longest = INFINITY;
  const auto bound = [&](double seconds) {
    if (seconds > 0) longest = std::min(longest, seconds);
  };
  bound(pool.lifetime_seconds);
  if (pool.fair) {
    bound(settings.pool_keep_alive);
    bound(settings.pool_idle_timeout);
  }
  return std::isinf(longest) ? 0 : longest;
}

void AddWaitTimeouts(const DatabaseServerSample& server, const Sample& sample,
                     std::vector<Recommendation>* advice) {
  const double timeout = server.wait_timeout_seconds;
  if (timeout <= 0) return;
  for (const PoolSample* const pool : PoolsOf(server, sample)) {
    const double idle = LongestIdle(*pool, sample.settings);
    if (idle > 0 && idle < timeout) continue;
    const std::string bound = WholeText(std::max(1.0, std::floor(timeout * 0.9)));
    advice->push_back({Status::kWarning, kComponent,
                       pool->fair ? "Set pool_keep_alive or pool_lifetime to " + bound +
                                        " s or less (STIRBAR_POOL_LIFETIME=" + bound + ")."
                                  : "Give the engine of " + pool->name + " pool_recycle=" + bound +
                                        ", or Stirbar's pool (stirbar.pool_options()).",
                       server.name + " closes a connection that was idle for " +
                           SecondsText(timeout) + " (wait_timeout); one of " + pool->name +
                           " can be idle " +
                           (idle > 0 ? "for " + SecondsText(idle) : std::string("without end"))});
    advice->back().effect = "no checkout finds a connection that the server has closed";
    if (pool->fair) advice->back().command = "stirbar config set pool_lifetime " + bound;
  }
}

void AddSize(const PoolSample& pool, std::vector<Recommendation>* advice) {
  if (std::isnan(pool.active_p95) || pool.size == 0) return;
  const double wanted = pool.active_p95 + 1;
  if (wanted <= pool.size) return;
  advice->push_back({Status::kWarning, kComponent,
                     "Set pool_size of " + pool.name + " to " + WholeText(wanted) + " (now " +
                         std::to_string(pool.size) + ").",
                     "p95 of the connections in use at once in one worker is " +
                         WholeText(pool.active_p95) + " (most: " + WholeText(pool.active_max) +
                         ") over the last 15 min; those beyond pool_size are opened anew"});
  advice->back().effect =
      "19 of 20 moments need no connection beyond pool_size, which is one less "
      "to open and close each time";
}

void AddFloor(const PoolSample& pool, const Sample& sample, std::vector<Recommendation>* advice) {
  uint64_t threads = 0;
  for (const WorkerSample& worker : sample.workers) {
    threads = std::max<uint64_t>(threads, worker.capacity);
  }
  if (pool.held_at_once < 2 || threads == 0 || CapacityOf(pool) == 0) return;
  const uint64_t floor = threads * (pool.held_at_once - 1) + 1;
  if (CapacityOf(pool) >= floor) return;
  advice->push_back(
      {Status::kCritical, kComponent,
       "Raise pool_size + max_overflow of " + pool.name + " to " + std::to_string(floor) +
           " at least (now " + std::to_string(CapacityOf(pool)) +
           "), or let a request hold one connection at a time.",
       "a request holds " + std::to_string(pool.held_at_once) + " of its connections at once: " +
           std::to_string(threads) + " threads x (" + std::to_string(pool.held_at_once) +
           " - 1) + 1 = " + std::to_string(floor) + "; with fewer they can wait for each other"});
  advice->back().effect = "requests can no longer wait for each other's connections without end";
}

std::string KindText(const LeakSample& leak) {
  std::string text = leak.kind == LeakKind::kCollected
                         ? "only the garbage collector gave it back"
                         : "still held when its request or task had ended";
  if (leak.returned > 0) text += ", " + std::to_string(leak.returned) + " came back later";
  if (leak.reclaimed > 0) text += ", " + std::to_string(leak.reclaimed) + " reclaimed";
  return text;
}

void AddLeaks(const Sample& sample, std::vector<Recommendation>* advice) {
  size_t said = 0;
  for (auto leak = sample.leaks.rbegin(); leak != sample.leaks.rend(); ++leak) {
    if (!IsCertain(*leak) || said++ >= kMostLeaks) continue;
    advice->push_back({Status::kWarning, kComponent, HowToGiveBack(*leak),
                       CountText(leak->count, "connection") + " of " + leak->pool_name +
                           " leaked there: " + KindText(*leak)});
  }
}

void AddStatements(const Sample& sample, std::vector<Recommendation>* advice) {
  struct Statement {
    double seconds = 0;
    double longest = 0;
    uint64_t count = 0;
    std::string route;
  };
  std::map<std::string, Statement> statements;
  for (const SlowQuerySample& query : sample.slow_queries) {
    Statement& statement = statements[query.text];
    statement.seconds += query.seconds;
    statement.longest = std::max(statement.longest, query.seconds);
    ++statement.count;
    statement.route = query.route_label;
  }
  std::vector<std::pair<std::string, Statement>> worst(statements.begin(), statements.end());
  std::stable_sort(worst.begin(), worst.end(), [](const auto& left, const auto& right) {
    return left.second.seconds > right.second.seconds;
  });
  if (worst.size() > kMostStatements) worst.resize(kMostStatements);
  for (const auto& [text, statement] : worst) {
    advice->push_back({Status::kWarning, kComponent,
                       "Look at the plan (EXPLAIN) of the statement of " +
                           (statement.route.empty() ? "a task" : statement.route) + ": " + text,
                       std::to_string(statement.count) +
                           " of the slow statements kept, the longest " +
                           SecondsText(statement.longest) + " (slow_query_threshold " +
                           SecondsText(sample.settings.slow_query_threshold) + ")"});
    advice->back().command = "stirbar requests --slow";
  }
}

}  // namespace

std::string HowToGiveBack(const LeakSample& leak) {
  const std::string place = LeakText(leak);
  switch (leak.holder) {
    case HolderKind::kRaw:
      return "Close the raw connection that is taken by " + place +
             ": `with contextlib.closing(engine.raw_connection()) as connection:`.";
    case HolderKind::kSession:
      return "Close the ORM session that is opened by " + place +
             ": `with Session(engine) as session:`.";
    case HolderKind::kFlaskSession:
      return "Let the request's end close the Flask-SQLAlchemy session used by " + place +
             ": outside a request call `db.session.remove()`.";
    default:
      return "Give the connection back that is taken by " + place +
             ": `with engine.connect() as connection:`.";
  }
}

std::vector<Recommendation> AdviseConnections(const Sample& sample) {
  std::vector<Recommendation> advice;
  for (const DatabaseServerSample& server : sample.databases) {
    if (auto limit = MaxConnections(server, sample)) advice.push_back(std::move(*limit));
    AddWaitTimeouts(server, sample, &advice);
  }
  for (const PoolSample& pool : sample.pools) {
    AddFloor(pool, sample, &advice);
    AddSize(pool, &advice);
  }
  AddLeaks(sample, &advice);
  AddStatements(sample, &advice);
  for (Recommendation& recommendation : advice) recommendation.page = "/connections";
  std::stable_sort(advice.begin(), advice.end(),
                   [](const Recommendation& left, const Recommendation& right) {
                     return left.severity > right.severity;
                   });
  return advice;
}

}  // namespace stirbar
