// What the collectors say of databases: pools, connections and who holds them, leaks, slow queries,
// servers. A part of supervisor.h; include that.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "segment/layout.h"
#include "supervisor/frame_sample.h"

namespace stirbar {

// One server that pools connect to, over all workers.
struct TargetSample {
  std::string name;       // host:port, or a file
  bool readonly = false;  // a replica, for work declared read-only
  uint32_t connections = 0;
  uint32_t breakers_open = 0;  // workers whose breaker is open or half open
  uint64_t connects = 0;
  uint64_t failures = 0;
  double connect_mean_seconds = std::numeric_limits<double>::quiet_NaN();
  double unavailable_seconds = 0;  // 0: no worker finds it unavailable
  std::string last_error;          // class and number, never the text
};

// One pool over all workers. Entries of equal name are added up.
struct PoolSample {
  uint32_t id = kPoolOther;
  std::string name;      // "mysql://db.example.org:3306/shop"
  bool fair = true;      // Stirbar's own class in all workers
  uint32_t workers = 0;  // that have it
  // Of one worker; the largest where they differ.
  uint32_t size = 0;
  uint32_t max_overflow = 0;  // UINT32_MAX: unlimited
  double timeout_seconds = 0;
  double lifetime_seconds = 0;
  // Of all workers.
  uint32_t capacity = 0;  // size + max_overflow of each; 0: unlimited
  uint32_t idle = 0;
  uint32_t active = 0;
  uint32_t connecting = 0;
  uint32_t throttled = 0;  // workers that refuse low-priority checkouts
  std::array<uint32_t, kPoolLanes> waiting{};
  double oldest_wait_seconds = 0;
  double utilisation = 0;         // active / capacity of the fullest worker; 0 where unlimited
  PoolTotals totals{};            // since the segment was made, of workers dead and alive
  HistogramCounts wait_recent{};  // waits of the last minute
  double wait_p50_seconds = std::numeric_limits<double>::quiet_NaN();  // of wait_recent
  double wait_p95_seconds = std::numeric_limits<double>::quiet_NaN();
  double wait_p99_seconds = std::numeric_limits<double>::quiet_NaN();
  double hold_mean_seconds = std::numeric_limits<double>::quiet_NaN();  // of the last minute
  // Connections in use at once in one worker, over the last 15 minutes, looked at four times a
  // second.
  double active_p95 = std::numeric_limits<double>::quiet_NaN();
  double active_max = 0;
  // Most connections that one request or task was seen to hold at once; leaked ones left out.
  uint32_t held_at_once = 0;
  std::vector<TargetSample> targets;
};

// Of more open connections, which takes 50 workers of 20, those held longest are shown.
inline constexpr size_t kConnectionsShown = 1000;

// One open connection.
struct ConnectionSample {
  uint32_t slot = 0;
  uint32_t pid = 0;
  uint32_t pool = kPoolOther;
  std::string pool_name;
  uint64_t number = 0;  // unique in its worker
  ConnectionState state = ConnectionState::kIdle;
  LeakKind leak = LeakKind::kNone;
  PoolLane lane = PoolLane::kRequest;
  double age_seconds = 0;    // since it was opened
  double state_seconds = 0;  // since when it is idle, or held
  double transaction_seconds = std::numeric_limits<double>::quiet_NaN();  // since when one is open
  uint32_t statements = 0;                                                // since its checkout
  uint32_t route = kRouteUnknown;
  std::string route_label;  // empty: no request took it
  uint32_t thread = 0;
  std::string target;
  // Stack at its checkout, innermost first, SQLAlchemy's own frames left out. Only of held ones;
  // filled by whoever shows it (StackSource), not at each tick.
  std::vector<FrameSample> stack;
  HolderKind holder = HolderKind::kUnknown;
};

// One place in the code that leaks: all leaks of the same route and frame.
struct LeakSample {
  uint64_t first_wall_ns = 0;
  uint64_t last_wall_ns = 0;
  uint64_t count = 0;
  uint64_t returned = 0;  // came back by themselves
  uint64_t reclaimed = 0;
  LeakKind kind = LeakKind::kConfirmed;  // of the newest
  HolderKind holder = HolderKind::kUnknown;
  std::string pool_name;
  std::string route_label;
  double held_seconds = 0;  // of the newest
  uint32_t slot = 0;
  uint32_t pid = 0;
  std::vector<FrameSample> stack;  // of the newest; innermost first
};

struct SlowQuerySample {
  uint64_t wall_ns = 0;
  double seconds = 0;
  std::string text;  // without literals
  std::string pool_name;
  std::string route_label;
  uint32_t slot = 0;
  uint32_t pid = 0;
};

// What a MySQL or MariaDB server says of itself (SHOW GLOBAL STATUS, VARIABLES, PROCESSLIST,
// REPLICA STATUS). Rates are per second over the last two samples.
struct DatabaseServerSample {
  std::string name;                   // host:port of the server that is asked
  std::string version;                // "10.11.6-MariaDB"; empty until it has answered once
  double unavailable_since_wall = 0;  // seconds since 1970; 0: it answers
  std::string error;                  // why it does not; never with the password
  double answered_age_seconds = std::numeric_limits<double>::quiet_NaN();
  double answer_seconds = std::numeric_limits<double>::quiet_NaN();  // of a round of statements
  uint64_t uptime_seconds = 0;
  uint32_t connections = 0;  // Threads_connected
  uint32_t connections_max_used = 0;
  uint32_t max_connections = 0;
  uint32_t threads_running = 0;
  uint32_t wait_timeout_seconds = 0;
  uint64_t aborted_clients = 0;
  uint64_t aborted_connects = 0;
  double queries_per_second = std::numeric_limits<double>::quiet_NaN();
  double slow_queries_per_second = std::numeric_limits<double>::quiet_NaN();
  uint64_t slow_queries = 0;
  uint32_t lock_waits_now = 0;  // Innodb_row_lock_current_waits
  double lock_waits_per_second = std::numeric_limits<double>::quiet_NaN();
  double lock_wait_mean_seconds = std::numeric_limits<double>::quiet_NaN();
  double buffer_pool_hit_ratio = std::numeric_limits<double>::quiet_NaN();  // over the last minute
  std::optional<bool> is_replica;
  double replica_lag_seconds = std::numeric_limits<double>::quiet_NaN();
  bool read_only = false;
  struct Statement {      // that runs for longer than slow_query_threshold
    uint64_t thread = 0;  // of the server
    double seconds = 0;
    std::string state;
    std::string text;  // without literals; empty where the account may not see it
  };
  std::vector<Statement> long_running;  // oldest first, at most 20
};

}  // namespace stirbar
