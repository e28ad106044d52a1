// For the tests of this folder: an app whose workers have pools, made by hand in a segment.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "segment/identity.h"
#include "segment/pools.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"
#include "supervisor/supervisor.h"

namespace stirbar {

class PooledApp {
 public:
  static constexpr uint64_t kSecondNs = 1'000'000'000;

  PooledApp() {
    tick_ = {.now_ns = 1000 * kSecondNs, .wall_ns = 1'800'000'000 * kSecondNs, .full = true};
    sample_.tick = tick_;
  }

  Segment& segment() { return *segment_; }
  Sample& sample() { return sample_; }
  const Tick& tick() const { return tick_; }
  void Pass(double seconds, bool full = true) {
    const auto ns = static_cast<uint64_t>(seconds * 1e9);
    tick_ = {.now_ns = tick_.now_ns + ns, .wall_ns = tick_.wall_ns + ns, .full = full};
    sample_.tick = tick_;
  }

  uint32_t AddPool(const std::string& name) {
    const uint32_t pool = next_pool_++;
    NameEntry& entry = segment_->pool_names[pool];
    std::snprintf(entry.name, sizeof entry.name, "%s", name.c_str());
    entry.state = static_cast<uint32_t>(RouteState::kReady);
    segment_->header.pool_count = next_pool_;
    return pool;
  }
  uint32_t AddRoute(const std::string& rule) {
    const uint32_t route = next_route_++;
    RouteEntry& entry = segment_->routes[route];
    entry.method = HttpMethod::kGet;
    std::snprintf(entry.rule, sizeof entry.rule, "%s", rule.c_str());
    entry.state = static_cast<uint32_t>(RouteState::kReady);
    segment_->header.route_count = next_route_;
    return route;
  }
  uint32_t AddWorker() {
    const uint32_t slot = *ClaimWorkerSlot(*segment_, *IdentityOf());
    WorkerSample worker;
    worker.slot = slot;
    worker.pid = 4711 + slot;
    worker.incarnation = segment_->workers[slot].incarnation;
    sample_.workers.push_back(worker);
    return slot;
  }
  // The figures of `pool` in a worker, of size 2 + 1 unless the test says otherwise.
  PoolStats& Use(uint32_t slot, uint32_t pool) {
    PoolStats& stats = segment_->pools[slot].pools[pool];
    if (stats.used != 1) {
      stats.size = 2;
      stats.max_overflow = 1;
      stats.fair = 1;
      stats.used = 1;
    }
    return stats;
  }
  // A connection held since `seconds` by a request of `route`.
  Connection& Hold(uint32_t slot, uint32_t pool, uint32_t route, double seconds) {
    Connection& connection = segment_->pools[slot].connections[next_connection_];
    connection.number = ++next_connection_;
    connection.created_ns = tick_.now_ns - 60 * kSecondNs;
    connection.since_ns = tick_.now_ns - static_cast<uint64_t>(seconds * 1e9);
    connection.request_started_ns = connection.since_ns.load();
    connection.pool = pool;
    connection.route = route;
    connection.thread = 4711;
    connection.state = static_cast<uint32_t>(ConnectionState::kActive);
    return connection;
  }
  void Bury(size_t worker) {
    BuryWorker(*segment_, sample_.workers[worker].slot, tick_.now_ns);
    sample_.workers.erase(sample_.workers.begin() + static_cast<std::ptrdiff_t>(worker));
  }

 private:
  TestSegment segment_;
  Sample sample_;
  Tick tick_;
  uint32_t next_pool_ = 1;
  uint32_t next_route_ = 2;
  uint64_t next_connection_ = 0;
};

}  // namespace stirbar
