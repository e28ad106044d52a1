// Samples made by hand, for tests: a healthy app on two CPUs, changed where a test says so.
#pragma once

#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

class SampleBuilder {
 public:
  SampleBuilder() {
    sample_.machine.memory_total_bytes = 10'000'000'000;
    sample_.machine.memory_available_bytes = 9'000'000'000;
    sample_.machine.cpus = 2;
    sample_.machine.disk_total_bytes = 100'000'000'000;
    sample_.machine.disk_available_bytes = 80'000'000'000;
    sample_.machine.disk_path = "/srv/shop";
    sample_.server_pid = 4710;
    sample_.listeners.push_back(
        {.address = "127.0.0.1:8000", .inode = 1, .depth = 0, .backlog = 2048});
    At(0);
  }

  SampleBuilder& At(double seconds) {
    sample_.tick.now_ns = 1'000'000'000'000 + static_cast<uint64_t>(seconds * 1e9);
    sample_.tick.wall_ns = sample_.tick.now_ns + 1'800'000'000'000'000'000;
    return *this;
  }

  // A serving worker; slots and pids count up from 0 and 4711. The reference is good until the
  // next Worker().
  WorkerSample& Worker(WorkerState state = WorkerState::kServing) {
    WorkerSample& worker = sample_.workers.emplace_back();
    worker.slot = static_cast<uint32_t>(sample_.workers.size() - 1);
    worker.pid = 4711 + worker.slot;
    worker.incarnation = 100 + worker.slot;
    worker.state = state;
    worker.server_kind = ServerKind::kGunicorn;
    worker.age_seconds = 20;
    worker.heartbeat_age_seconds = 0.05;
    worker.process.pid = worker.pid;
    worker.process.state = 'S';
    worker.process.rss_bytes = 40'000'000;
    return worker;
  }

  WorkerSample& LockedWorker(double seconds) {
    WorkerSample& worker = Worker();
    worker.lock_wait_seconds = seconds;
    return worker;
  }

  WorkerSample& StoppedWorker(double seconds) {
    WorkerSample& worker = Worker();
    worker.heartbeat_age_seconds = seconds;
    worker.process.state = 'T';
    return worker;
  }

  // A request of the newest worker. The route's id is its place in the table, from 2 on.
  SampleBuilder& InFlight(const std::string& rule, double age_seconds) {
    WorkerSample& worker = sample_.workers.back();
    ++worker.in_flight;
    if (age_seconds > worker.oldest_request_seconds) worker.oldest_request_seconds = age_seconds;
    InFlightSample& request = sample_.in_flight.emplace_back();
    request.slot = worker.slot;
    request.pid = worker.pid;
    request.thread = worker.pid;
    request.route = Route(rule).id;
    request.method = HttpMethod::kGet;
    request.phase = RequestPhase::kHandling;
    request.age_seconds = request.phase_age_seconds = age_seconds;
    request.limit_seconds = sample_.settings.stuck_request_limit;
    return *this;
  }

  RouteSample& Route(const std::string& rule) {
    for (RouteSample& route : sample_.routes) {
      if (route.rule == rule) return route;
    }
    RouteSample& route = sample_.routes.emplace_back();
    route.id = static_cast<uint32_t>(sample_.routes.size() + 1);
    route.method = HttpMethod::kGet;
    route.rule = rule;
    return route;
  }

  // The last minute: `count` requests of `seconds` each on `rule`, `errors` of them 5xx.
  SampleBuilder& Requests(const std::string& rule, uint64_t count, double seconds,
                          uint64_t errors = 0) {
    RouteSample& route = Route(rule);
    route.recent[HistogramBucket(static_cast<uint64_t>(seconds * 1e9))] += count;
    route.recent_errors += errors;
    RecentSample& recent = sample_.recent;
    recent.requests += count;
    recent.errors += errors;
    if (seconds >= sample_.settings.slow_request_threshold) recent.slow += count;
    recent.requests_per_second = static_cast<double>(recent.requests) / 60;
    recent.mean_seconds = seconds;
    recent.error_ratio = static_cast<double>(recent.errors) / static_cast<double>(recent.requests);
    sample_.totals.requests += count;
    return *this;
  }

  SampleBuilder& MemoryUsed(double ratio) {
    sample_.machine.memory_available_bytes = static_cast<uint64_t>(
        (1 - ratio) * static_cast<double>(sample_.machine.memory_total_bytes));
    return *this;
  }

  Sample& operator*() { return sample_; }
  Sample* operator->() { return &sample_; }

 private:
  Sample sample_;
};

}  // namespace stirbar
