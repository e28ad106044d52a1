#include "supervisor/publish/pool_metrics.h"

#include <string>

#include "segment/pools.h"
#include "supervisor/publish/histogram_metric.h"

namespace stirbar {
namespace {

constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kCounter = MetricType::kCounter;

std::string PoolLabel(const PoolSample& pool) { return MetricLabel("pool", pool.name); }

double ToSeconds(uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

// A family with one series for each pool.
template <typename Value>
void WriteEach(std::string_view name, std::string_view help, const Sample& sample, Value value,
               MetricWriter* metrics) {
  metrics->Family(name, kGauge, help);
  for (const PoolSample& pool : sample.pools) metrics->Sample(PoolLabel(pool), value(pool));
}

void WriteCounters(const Sample& sample, MetricWriter* metrics) {
  for (const PoolCounterSpec& spec : kPoolCounterSpecs) {
    // The sum of the histogram below.
    if (spec.counter == PoolCounter::wait_ns) continue;
    const bool is_time = spec.counter == PoolCounter::hold_ns;
    metrics->Family(
        is_time ? "pool_hold_seconds_total" : "pool_" + std::string(spec.name) + "_total", kCounter,
        std::string(spec.meaning) + ".");
    for (const PoolSample& pool : sample.pools) {
      const uint64_t count = Count(pool.totals, spec.counter);
      if (is_time) {
        metrics->Sample(PoolLabel(pool), ToSeconds(count));
      } else {
        metrics->Sample(PoolLabel(pool), count);
      }
    }
  }
  metrics->Family("pool_wait_seconds", MetricType::kHistogram,
                  "Time that checkouts waited for a connection, those that did not wait too.");
  for (const PoolSample& pool : sample.pools) {
    WriteHistogram(pool.totals.wait_histogram, ToSeconds(Count(pool.totals, PoolCounter::wait_ns)),
                   PoolLabel(pool), metrics);
  }
}

void WriteTargets(const Sample& sample, MetricWriter* metrics) {
  const auto write = [&](std::string_view name, std::string_view help, auto value) {
    metrics->Family(name, kGauge, help);
    for (const PoolSample& pool : sample.pools) {
      for (const TargetSample& target : pool.targets) {
        metrics->Sample(PoolLabel(pool) + "," + MetricLabel("target", target.name), value(target));
      }
    }
  };
  write("pool_target_connections", "Open connections to the server.",
        [](const TargetSample& target) { return uint64_t{target.connections}; });
  write("pool_target_breakers_open", "Workers whose breaker for the server is open.",
        [](const TargetSample& target) { return uint64_t{target.breakers_open}; });
  write("pool_target_unavailable_seconds", "For how long a worker has not reached it; 0: it does.",
        [](const TargetSample& target) { return target.unavailable_seconds; });
}

void WriteLeaks(const Sample& sample, MetricWriter* metrics) {
  metrics->Family("pool_leaked_connections", kGauge,
                  "Connections that are held, and leaked: suspect or confirmed.");
  for (const PoolSample& pool : sample.pools) {
    for (const LeakKind kind : {LeakKind::kSuspect, LeakKind::kConfirmed}) {
      uint64_t count = 0;
      for (const ConnectionSample& connection : sample.connections) {
        count += connection.pool_name == pool.name && connection.leak == kind &&
                 connection.state == ConnectionState::kActive;
      }
      metrics->Sample(PoolLabel(pool) + "," + MetricLabel("kind", Name(kind)), count);
    }
  }
}

}  // namespace

void WritePoolMetrics(const Sample& sample, MetricWriter* metrics) {
  metrics->Family("pool_connections", kGauge, "Connections of all workers by state.");
  for (const PoolSample& pool : sample.pools) {
    const std::string label = PoolLabel(pool) + ",";
    metrics->Sample(label + R"(state="idle")", uint64_t{pool.idle});
    metrics->Sample(label + R"(state="active")", uint64_t{pool.active});
    metrics->Sample(label + R"(state="connecting")", uint64_t{pool.connecting});
  }
  metrics->Family("pool_waiting", kGauge, "Checkouts that wait for a connection.");
  for (const PoolSample& pool : sample.pools) {
    for (size_t lane = 0; lane < kPoolLanes; ++lane) {
      metrics->Sample(
          PoolLabel(pool) + "," + MetricLabel("lane", Name(static_cast<PoolLane>(lane))),
          uint64_t{pool.waiting[lane]});
    }
  }
  WriteEach(
      "pool_capacity", "Most connections of all workers.", sample,
      [](const PoolSample& pool) {
        return pool.capacity > 0 ? static_cast<double>(pool.capacity) : kNotMeasured;
      },
      metrics);
  WriteEach(
      "pool_ratio", "Share in use of the connections of the fullest worker.", sample,
      [](const PoolSample& pool) { return pool.capacity > 0 ? pool.utilisation : kNotMeasured; },
      metrics);
  WriteEach(
      "pool_oldest_wait_seconds", "How long the oldest waiting checkout has waited.", sample,
      [](const PoolSample& pool) { return pool.oldest_wait_seconds; }, metrics);
  WriteEach(
      "pool_throttled_workers", "Workers that refuse low-priority checkouts.", sample,
      [](const PoolSample& pool) { return uint64_t{pool.throttled}; }, metrics);
  WriteCounters(sample, metrics);
  WriteTargets(sample, metrics);
  WriteLeaks(sample, metrics);
}

void WriteDatabaseMetrics(const Sample& sample, MetricWriter* metrics) {
  const auto write = [&](std::string_view name, std::string_view help, auto value) {
    metrics->Family(name, kGauge, help);
    for (const DatabaseServerSample& server : sample.databases) {
      metrics->Sample(MetricLabel("server", server.name), static_cast<double>(value(server)));
    }
  };
  using Server = const DatabaseServerSample&;
  write("database_up", "1 when the server answers the supervisor.",
        [](Server server) { return server.unavailable_since_wall <= 0 ? 1.0 : 0.0; });
  write("database_answer_seconds", "How long the server takes for the supervisor's statements.",
        [](Server server) { return server.answer_seconds; });
  write("database_connections", "Connections that the server has open, of all its clients.",
        [](Server server) { return server.connections; });
  write("database_max_connections", "Most connections that the server takes.",
        [](Server server) { return server.max_connections; });
  write("database_threads_running", "Statements that the server works at.",
        [](Server server) { return server.threads_running; });
  write("database_queries_per_second", "Statements a second.",
        [](Server server) { return server.queries_per_second; });
  write("database_lock_waits", "Statements that wait for a row lock.",
        [](Server server) { return server.lock_waits_now; });
  write("database_buffer_pool_hit_ratio", "Share of page reads that needed no disk.",
        [](Server server) { return server.buffer_pool_hit_ratio; });
  write("database_replica_lag_seconds", "How far the replica is behind.",
        [](Server server) { return server.replica_lag_seconds; });
}

}  // namespace stirbar
