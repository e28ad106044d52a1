#include "supervisor/evaluate/dependencies.h"

#include <algorithm>
#include <cmath>

#include "supervisor/evaluate/load_rules.h"
#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

Dependency OfPool(const PoolSample& pool) {
  Dependency out{.component = "database", .kind = "pool", .name = pool.name};
  size_t lost = 0;
  std::vector<std::string> names;
  for (const TargetSample& target : pool.targets) {
    if (target.unavailable_seconds <= 0 && target.breakers_open == 0) continue;
    ++lost;
    names.push_back(target.name +
                    (target.last_error.empty() ? "" : " (" + target.last_error + ")"));
  }
  if (lost == 0) return out;
  out.status = lost == pool.targets.size() ? Status::kCritical : Status::kWarning;
  out.reason = std::to_string(lost) + " of " + CountText(pool.targets.size(), "server") +
               " cannot be reached: " + ListText(names);
  return out;
}

Dependency OfServer(const DatabaseServerSample& server, const Tick& tick) {
  Dependency out{.component = "database", .kind = "database_server", .name = server.name};
  if (server.unavailable_since_wall <= 0) return out;
  const double seconds = static_cast<double>(tick.wall_ns) * 1e-9 - server.unavailable_since_wall;
  out.status = Status::kWarning;  // the supervisor's own question; the app's pools say more
  out.reason = "has not answered the supervisor for " + SecondsText(std::max(0.0, seconds)) +
               (server.error.empty() ? "" : " (" + server.error + ")");
  return out;
}

Dependency OfHost(const HostSample& host, const std::vector<RecentHost>& recent) {
  Dependency out{.component = "requests", .kind = "host", .name = host.name};
  if (host.breakers_open > 0) {
    out.status = Status::kWarning;
    out.reason = "the breaker of " + CountText(host.breakers_open, "worker") + " is open";
  }
  for (const RecentHost& calls : recent) {
    if (calls.name != host.name || calls.calls < kFewestCalls || calls.failures == 0) continue;
    if (calls.failed_ratio() < 0.5) continue;
    out.status = Status::kWarning;
    out.reason += (out.reason.empty() ? "" : "; ") + std::to_string(calls.failures) + " of " +
                  CountText(calls.calls, "call") + " of the last minute failed";
  }
  return out;
}

// What it does not take waits: the app itself misses nothing, so this is never worse than a
// warning.
Dependency OfSink(const SinkSample& sink, const Tick& tick) {
  Dependency out{.component = "alerts", .kind = "sink", .name = sink.name};
  if (sink.failing_seconds > 0) {
    out.status = Status::kWarning;
    out.reason = "has taken nothing for " + SecondsText(sink.failing_seconds) +
                 (sink.last_error.empty() ? "" : " (" + sink.last_error + ")");
  }
  if (sink.last_success_wall_ns == 0) {
    out.detail = "has taken no message yet";
  } else {
    const uint64_t ago_ns = tick.wall_ns - std::min(tick.wall_ns, sink.last_success_wall_ns);
    out.detail =
        "took the last message " + SecondsText(static_cast<double>(ago_ns) * 1e-9) + " ago";
  }
  out.detail += ", " + (sink.waiting == 0 ? "none" : std::to_string(sink.waiting)) +
                (sink.waiting == 1 ? " waits" : " wait");
  return out;
}

Dependency OfExport(const ExportSample& one, const Tick& tick) {
  Dependency out{.component = "history", .kind = "export", .name = one.name};
  if (one.failing_since_wall_ns == 0) return out;
  out.status = Status::kWarning;
  out.reason = one.target + " has taken nothing for " +
               SecondsText(Seconds(AgeOf(one.failing_since_wall_ns, tick.wall_ns))) + " (" +
               one.error + ")";
  return out;
}

}  // namespace

std::vector<Dependency> DependenciesOf(const Sample& sample, const std::vector<RecentHost>& hosts) {
  std::vector<Dependency> all;
  for (const PoolSample& pool : sample.pools) all.push_back(OfPool(pool));
  for (const DatabaseServerSample& server : sample.databases) {
    all.push_back(OfServer(server, sample.tick));
  }
  for (const HostSample& host : sample.hosts) all.push_back(OfHost(host, hosts));
  for (const SinkSample& sink : sample.alerting.sinks) all.push_back(OfSink(sink, sample.tick));
  for (const ExportSample& one : sample.history.exports) {
    all.push_back(OfExport(one, sample.tick));
  }
  std::stable_sort(all.begin(), all.end(), [](const Dependency& left, const Dependency& right) {
    return left.status > right.status;
  });
  return all;
}

}  // namespace stirbar
