// For the tests of this folder: a snapshot in which everything has a value, and the contract files.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "supervisor/publish/web_assets.h"
#include "supervisor/supervisor.h"

namespace stirbar {

inline constexpr uint64_t kTestWallNs = 1'795'450'800'123'000'000;  // 2026-11-23T16:20:00.123Z

// A file of tests/data.
inline std::string ReadTestData(const std::string& name) {
  const auto root = std::filesystem::path(__FILE__).parent_path() / "../../../tests/data";
  std::ostringstream text;
  text << std::ifstream(root / name).rdbuf();
  return text.str();
}

inline RouteSample MakeRoute(uint32_t id, std::string rule, uint64_t requests) {
  RouteSample route;
  route.id = id;
  route.method = id < 2 ? HttpMethod::kOther : HttpMethod::kGet;
  route.rule = std::move(rule);
  route.requests = requests;
  route.totals.status[1] = requests;
  route.totals.histogram[HistogramBucket(3'000'000)] = requests;
  route.totals.duration_sum_ns = requests * 3'000'000;
  route.totals.duration_max_ns = 210'000'000;
  route.recent[HistogramBucket(3'000'000)] = requests > 0 ? 60 : 0;
  return route;
}

inline WorkerSample MakeWorker(uint32_t slot, uint32_t pid) {
  WorkerSample worker;
  worker.slot = slot;
  worker.pid = pid;
  worker.state = WorkerState::kServing;
  worker.server_kind = ServerKind::kGunicorn;
  worker.python_version = 0x030B07F0;
  worker.requests = 60'000;
  worker.process.pid = pid;
  worker.process.rss_bytes = 41'234'432;
  worker.process.file_descriptors = 12;
  return worker;
}

inline SlowRequestSample MakeSlowRequest(uint64_t started_ns) {
  SlowRequestSample request;
  request.wall_ns = kTestWallNs;
  request.slot = 1;
  request.pid = 4712;
  request.thread = 4713;
  request.started_ns = started_ns;
  request.index = 3;
  request.route = "GET /item/<int:id>";
  request.status = 200;
  request.duration_seconds = 6.2;
  request.queue_seconds = 0.01;
  request.queue_source = QueueSource::kSocket;
  request.part_seconds[static_cast<size_t>(Part::kSql)] = 5.1;
  request.part_calls[static_cast<size_t>(Part::kSql)] = 12;
  request.response_bytes = 20'480;
  request.statements = {{"SELECT * FROM item WHERE id = ?", 4.9, 1}};
  request.stack = {{"Cursor.execute", "/srv/shop/db.py", 41}, {"item", "/srv/shop/app.py", 12}};
  request.stack_age_seconds = 5.01;
  request.stack_quality = StackQuality::kExact;
  request.lock_holder = 4712;
  return request;
}

inline DatabaseServerSample MakeDatabase() {
  DatabaseServerSample server;
  server.name = "db.shop.example:3306";
  server.version = "10.11.6-MariaDB";
  server.answered_age_seconds = 0.4;
  server.answer_seconds = 0.002;
  server.uptime_seconds = 86'400;
  server.connections = 12;
  server.max_connections = 151;
  server.queries_per_second = 142.5;
  server.is_replica = false;
  server.long_running = {{812, 3.4, "Sending data", "SELECT * FROM orders WHERE customer = ?"}};
  return server;
}

inline void AddTestTraffic(Snapshot* snapshot) {
  TrafficSample& traffic = snapshot->sample.traffic;
  traffic.capacity = 2;
  traffic.busy = 2;
  traffic.waiting = 5;
  traffic.queue_totals[HistogramBucket(4'000'000)] = 7;
  traffic.queue_p50_seconds = 0.004;
  traffic.queue_p95_seconds = 0.6;
  traffic.queue_sources = {{"socket", 1}, {"none", 1}};
  traffic.refused = {0, 0, 3, 40};
  traffic.shed_level = 1;
  traffic.backlog = 540;
  traffic.backlog_own = 2048;
  HostSample host;
  host.name = "api.shop.example:443";
  host.totals.calls = 300;
  host.totals.failures = 4;
  host.totals.duration_sum_ns = 36'000'000'000;
  host.totals.duration_max_ns = 10'010'000'000;
  snapshot->sample.hosts = {host};
  snapshot->sample.databases = {MakeDatabase()};
  LoadVerdict& load = snapshot->evaluation.load;
  load.saturation = 0.62;
  load.predicted_wait_seconds = 1.3;
  load.pressure = 0.62;
  load.pressure_source = "queue";
  load.shed_reason = "background refused: a request that comes now waits 1.3 s of 10 s";
  load.backlog_reason = "54.2 requests/s answer 540 within 10 s";
}

inline PoolSample MakePool() {
  PoolSample pool;
  pool.name = "mysql://db.example.org:3306/shop";
  pool.workers = 2;
  pool.size = 5;
  pool.max_overflow = 10;
  pool.timeout_seconds = 30;
  pool.lifetime_seconds = 1800;
  pool.capacity = 30;
  pool.idle = 3;
  pool.active = 7;
  pool.connecting = 1;
  pool.waiting = {2, 1};
  pool.oldest_wait_seconds = 0.4;
  pool.utilisation = 0.4;
  for (size_t i = 0; i < kPoolCounters; ++i) pool.totals.counters[i] = 100 + i;
  pool.totals.counters[static_cast<size_t>(PoolCounter::wait_ns)] = 1'500'000'000;
  pool.totals.counters[static_cast<size_t>(PoolCounter::hold_ns)] = 20'000'000'000;
  pool.totals.wait_max_ns = 900'000'000;
  pool.totals.hold_max_ns = 31'000'000'000;
  pool.totals.wait_histogram[HistogramBucket(2'000'000)] = 100;
  pool.wait_p50_seconds = 0.002;
  pool.wait_p95_seconds = 0.25;
  pool.wait_p99_seconds = 0.5;
  pool.hold_mean_seconds = 0.02;
  pool.active_p95 = 4;
  pool.active_max = 6;
  TargetSample target;
  target.name = "db.example.org:3306";
  target.connections = 11;
  target.connects = 20;
  target.failures = 2;
  target.connect_mean_seconds = 0.012;
  target.last_error = "OperationalError 2003";
  pool.targets = {target};
  return pool;
}

inline void AddTestConnections(Snapshot* snapshot) {
  Sample& sample = snapshot->sample;
  sample.pools = {MakePool()};
  ConnectionSample held;
  held.slot = 1;
  held.pid = 4712;
  held.pool_name = sample.pools[0].name;
  held.number = 5;
  held.state = ConnectionState::kActive;
  held.leak = LeakKind::kConfirmed;
  held.age_seconds = 60;
  held.state_seconds = 31;
  held.transaction_seconds = 30;
  held.statements = 2;
  held.route_label = "GET /item/<int:id>";
  held.thread = 4713;
  held.target = "db.example.org:3306";
  ConnectionSample idle;
  idle.slot = 1;
  idle.pid = 4712;
  idle.pool_name = sample.pools[0].name;
  idle.number = 6;
  idle.age_seconds = 12;
  idle.state_seconds = 2;
  sample.connections = {held, idle};
  LeakSample leak;
  leak.first_wall_ns = kTestWallNs - 60'000'000'000;
  leak.last_wall_ns = kTestWallNs;
  leak.count = 3;
  leak.returned = 1;
  leak.holder = HolderKind::kSession;
  leak.pool_name = sample.pools[0].name;
  leak.route_label = "GET /item/<int:id>";
  leak.held_seconds = 0.02;
  leak.slot = 1;
  leak.pid = 4712;
  leak.stack = {{"leak", "/srv/app.py", 41}};
  sample.leaks = {leak};
  SlowQuerySample query;
  query.wall_ns = kTestWallNs;
  query.seconds = 3.2;
  query.text = "SELECT * FROM item WHERE id = ?";
  query.pool_name = sample.pools[0].name;
  query.route_label = "GET /item/<int:id>";
  query.pid = 4712;
  sample.slow_queries = {query};
  Recommendation& advice = snapshot->evaluation.connection_advice.emplace_back();
  advice.component = "database";
  advice.text = "Set pool_size to 8 (now 5).";
  advice.evidence = "p95 is 7";
  advice.effect = "one less to open and close each time";
}

inline AlertingSample MakeAlerting() {
  SinkSample sink;
  sink.name = "ops";
  sink.kind = "webhook";
  sink.target = "https://hooks.example";
  sink.delivered = 12;
  sink.failures = 3;
  sink.waiting = 1;
  sink.oldest_waiting_seconds = 4.2;
  sink.last_success_wall_ns = kTestWallNs;
  sink.last_failure_wall_ns = kTestWallNs;
  sink.last_error = "it answers 503";
  sink.failing_seconds = 4;
  AlertingSample alerting;
  alerting.sinks = {sink};
  alerting.firing = {0, 1};
  alerting.outbox_messages = 1;
  alerting.outbox_bytes = 620;
  return alerting;
}

inline Finding MakeFinding() {
  return {"lock_wait", "workers", Status::kCritical, 1, "interpreter lock held for 3.2 s",
          3.2,         0.5,       kTestWallNs};
}

inline std::shared_ptr<Snapshot> MakeTestSnapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  Sample& sample = snapshot->sample;
  sample.tick.wall_ns = kTestWallNs;
  sample.app_name = "shop";
  sample.workers = {MakeWorker(0, 4711), MakeWorker(1, 4712)};
  ProcessSample server;
  server.pid = 4710;
  server.command = "gunicorn";
  sample.processes = {server};
  sample.in_flight.push_back({.slot = 1,
                              .pid = 4712,
                              .thread = 4712,
                              .route = 2,
                              .method = HttpMethod::kGet,
                              .phase = RequestPhase::kHandling,
                              .age_seconds = 3.2,
                              .phase_age_seconds = 3.199,
                              .index = 3,
                              .started_ns = 81'234'567'890'123,
                              .queue_seconds = 0.004,
                              .queue_source = QueueSource::kSocket,
                              .limit_seconds = 30,
                              .activity = Activity::kSql,
                              .activity_seconds = 3.1,
                              .client = "203.0.113.0",
                              .stuck = kStuckRecorded});
  sample.in_flight.push_back({.age_seconds = 0.02});
  sample.routes = {MakeRoute(kRouteUnmatched, "", 17), MakeRoute(2, "/item/<int:id>", 100'000),
                   MakeRoute(3, "/new", 0)};
  sample.slow_requests = {MakeSlowRequest(81'210'567'890'123)};
  AddTestTraffic(snapshot.get());
  AddTestConnections(snapshot.get());
  sample.listeners.push_back(
      {.address = "127.0.0.1:8000", .inode = 1, .depth = 5, .backlog = 2048});
  sample.machine.cgroup.memory_events["oom_kill"] = 0;
  sample.alerting = MakeAlerting();
  sample.server_kind = ServerKind::kGunicorn;
  sample.recent.window_seconds = 60;
  sample.route_window_seconds = 60;
  sample.supervisor.pid = 4709;
  sample.unavailable["pressure"] = "open /proc/pressure/cpu: No such file or directory";
  EventSample event;
  event.number = 41;
  event.wall_ns = kTestWallNs;
  event.kind = EventKind::kAlertFiring;
  event.route = 2;
  sample.events.push_back(event);
  ActionSample action;
  action.number = 7;
  action.wall_ns = kTestWallNs;
  action.kind = ActionKind::kEvict;
  action.slot = 1;
  action.pid = 4712;
  action.reason = "caches: asked for";
  action.before_bytes = 281e6;
  action.after_bytes = 254e6;
  action.seconds = 0.031;
  action.helped = true;
  sample.actions.push_back(action);
  sample.action_counts = {{ActionKind::kEvict, ActionState::kDone, 3, 27e6},
                          {ActionKind::kRecycle, ActionState::kWithheld, 1, 0}};
  sample.emergency = {EmergencyState::kCooling, kTestWallNs, false, "memory 61.0 %"};
  CacheSample cache;
  cache.name = "price";
  cache.counted = true;
  cache.hits = 9;
  cache.hit_ratio = 0.9;
  cache.entries = 12;
  sample.caches.push_back(cache);

  Assessment& assessment = snapshot->evaluation.assessment;
  assessment.status = Status::kCritical;
  assessment.reasons = {"worker 1 (pid 4712): interpreter lock held for 3.2 s"};
  for (const char* name : {"memory", "cpu", "queue", "requests"}) {
    assessment.components[name] = Status::kHealthy;
  }
  assessment.components["workers"] = Status::kCritical;
  assessment.component_reasons["workers"] = "1 of 2 workers is hung";
  assessment.workers = {{.slot = 0, .pid = 4711, .condition = WorkerCondition::kBusy, .reason = ""},
                        {.slot = 1,
                         .pid = 4712,
                         .condition = WorkerCondition::kLockHeld,
                         .status = Status::kCritical,
                         .hung = true,
                         .reason = "lock"}};
  assessment.findings = {MakeFinding()};
  assessment.recommendations = {{Status::kCritical, "workers", "Look at GET /lock", "3.2 s"}};
  assessment.dependencies = {
      {"database", "pool", "mysql://db.example/shop", Status::kWarning, "1 of 2 servers"}};
  assessment.groups = {{.name = "checkout",
                        .members = {"database", "queue"},
                        .answer = {Status::kWarning, "database: 1 of 2 servers"}}};
  for (const MetricId metric : {MetricId::memory_bytes, MetricId::memory_ratio,
                                MetricId::p95_seconds, MetricId::accept_queue}) {
    snapshot->evaluation.trends.emplace_back().metric = metric;
  }
  assessment.ready = {Status::kHealthy, "1 of 2 workers answers"};
  snapshot->evaluation.resources.memory_usage_percent = 31.2;
  return snapshot;
}

class FakeHistory : public HistorySource {
 public:
  std::vector<HistoryValues> Recent(size_t points) const override {
    const size_t count = std::min<size_t>(points, 3);
    std::vector<HistoryValues> values(count);
    for (size_t i = 0; i < count; ++i) values[i].wall_ms = 1'763'913'598'000 + i * 1000;
    return values;
  }
};

// As scripts/embed_web_assets.py makes them (Python's gzip, level 9, no time stamp).
inline constexpr std::string_view kTestPage = "<!doctype html><title>t</title>";
inline constexpr WebAsset kTestAssets[] = {
    {"/assets/index-4f2a.js",
     "text/javascript; charset=utf-8",
     {"\037\213\010\000\000\000\000\000\002\003\113\316\317\053\316\317\111\325\313\311\117\327\060"
      "\324\004\000\150\376\001\103\016\000\000\000",
      34},
     "\"aaaa\""},
    {"/index.html",
     "text/html; charset=utf-8",
     {"\037\213\010\000\000\000\000\000\002\003\263\121\114\311\117\056\251\054\110\125\310\050\311"
      "\315\261\263\051\311\054\311\111\265\053\261\321\207\060\000\121\357\177\145\037\000\000"
      "\000",
      46},
     "\"bbbb\""}};

}  // namespace stirbar
