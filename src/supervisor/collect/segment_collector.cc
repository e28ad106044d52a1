#include "supervisor/collect/segment_collector.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "segment/config.h"
#include "segment/counters.h"
#include "segment/events.h"
#include "segment/identity.h"
#include "segment/routes.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

constexpr size_t kShownEvents = 200;
constexpr uint64_t kPartNs = 10'000'000'000;
constexpr uint64_t kMinuteNs = 60'000'000'000;

double SecondsSince(uint64_t then_ns, uint64_t now_ns) {
  return then_ns == 0 ? 0 : Seconds(AgeOf(then_ns, now_ns));
}

uint64_t ErrorsOf(const RouteTotals& totals) { return totals.status[4]; }

// The text that routes are told apart and added up by.
std::string LabelOf(const Segment& segment, uint32_t route) {
  const RouteEntry* const entry = FindRoute(segment, route);
  if (entry == nullptr) return RouteLabel(HttpMethod::kOther, kRouteOther, "");
  return RouteLabel(entry->method, route, RuleOf(*entry));
}

// The process is surely gone. A cheap test for the ticks between full ones, which a zombie passes.
bool IsGone(uint32_t pid) { return kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH; }

void CountRequests(const WorkerSlot& slot, WorkerSample* worker) {
  ForEachRoute(slot.routes_used, [&](uint32_t route) {
    const RouteStats& stats = slot.routes[route];
    worker->requests += RequestsOf(stats);
    worker->errors += stats.status[4].load(std::memory_order_relaxed);
  });
}

// Gives `worker` the counts that it had at the tick before.
void CarryOver(const std::vector<WorkerSample>& before, WorkerSample* worker) {
  const auto same = std::find_if(before.begin(), before.end(), [&](const WorkerSample& other) {
    return other.slot == worker->slot && other.incarnation == worker->incarnation;
  });
  if (same == before.end()) return;
  worker->requests = same->requests;
  worker->errors = same->errors;
}

bool IsUsed(const WorkerSlot& slot, uint32_t route) {
  return (slot.routes_used[route / 64].load(std::memory_order_relaxed) >> (route % 64) & 1U) != 0;
}

}  // namespace

SegmentCollector::SegmentCollector(Segment& segment)
    : segment_(segment), canonical_(kMaxRoutes, kRouteUnknown), counted_(kMaxRoutes) {}

void SegmentCollector::Collect(const Tick& tick, Sample* sample) {
  sample->tick = tick;
  ReadWorkers(tick, sample);
  ReadInFlight(tick, sample);
  if (tick.full) {
    const SegmentSettings settings = ReadSettings(segment_);
    sample->settings = settings.values;
    sample->setting_origins = settings.origins;
    ReadRoutes(tick, sample);
  }
  ReadTotals(sample);
  ReadEvents(sample);
  const uint64_t requests = sample->totals.requests;
  if (requests != last_requests_ || last_completion_ns_ == 0) last_completion_ns_ = tick.now_ns;
  last_requests_ = requests;
  sample->recent.last_completion_age_seconds = SecondsSince(last_completion_ns_, tick.now_ns);
}

void SegmentCollector::ReadWorkers(const Tick& tick, Sample* sample) {
  const std::vector<WorkerSample> before = std::move(sample->workers);
  sample->workers.clear();
  for (uint32_t index = 0; index < kMaxWorkers; ++index) {
    const WorkerSlot& slot = segment_.workers[index];
    const ProcessIdentity owner = slot.owner.load(std::memory_order_acquire);
    if (owner == 0) continue;
    WorkerSample worker;
    worker.slot = index;
    worker.pid = PidOf(owner);
    worker.incarnation = slot.incarnation.load(std::memory_order_acquire);
    worker.state = static_cast<WorkerState>(slot.state.load(std::memory_order_relaxed));
    worker.server_kind = static_cast<ServerKind>(slot.server_kind.load(std::memory_order_relaxed));
    worker.lock_probe = static_cast<LockProbe>(slot.lock_probe.load(std::memory_order_relaxed));
    worker.python_version = slot.python_version.load(std::memory_order_relaxed);
    worker.alive = tick.full ? IsRunning(owner) : !IsGone(worker.pid);
    worker.age_seconds = SecondsSince(slot.started_ns.load(), tick.now_ns);
    worker.heartbeat_age_seconds = SecondsSince(slot.heartbeat_ns.load(), tick.now_ns);
    worker.lock_wait_seconds = SecondsSince(slot.lock_wait_since_ns.load(), tick.now_ns);
    worker.lock_wait_last_seconds = Seconds(Nanoseconds(slot.lock_wait_last_ns.load()));
    worker.lock_wait_sum_seconds = Seconds(Nanoseconds(slot.lock_wait_sum_ns.load()));
    worker.lock_waits = slot.lock_waits.load(std::memory_order_relaxed);
    if (worker.server_kind != ServerKind::kUnknown) sample->server_kind = worker.server_kind;
    if (!worker.alive) {
      CountRequests(slot, &worker);
      BuryDead(tick, worker);
    } else if (!tick.full) {  // else ReadRoutes counts them
      CarryOver(before, &worker);
    }
    sample->workers.push_back(worker);
  }
}

void SegmentCollector::BuryDead(const Tick& tick, const WorkerSample& worker) {
  const Burial burial = BuryWorker(segment_, worker.slot, tick.now_ns);
  char text[sizeof(Event::text)];
  for (const LostRequest& lost : burial.lost) {
    const double age = Seconds(Nanoseconds(lost.age_ns));
    const std::string label = lost.route == kRouteUnknown
                                  ? RouteLabel(lost.method, kRouteUnknown, "")
                                  : LabelOf(segment_, lost.route);
    std::snprintf(text, sizeof text, "%s was lost after %.1f s: its worker %u (pid %u) died",
                  label.c_str(), age, worker.slot, burial.pid);
    AppendEvent(segment_,
                {.kind = EventKind::kRequestLost,
                 .severity = Severity::kWarning,
                 .slot = worker.slot,
                 .pid = burial.pid,
                 .route = lost.route,
                 .value = age},
                text);
  }
  std::snprintf(text, sizeof text, "worker %u (pid %u) %s after %llu requests; %zu lost",
                worker.slot, burial.pid, burial.said_goodbye ? "exited" : "died",
                static_cast<unsigned long long>(worker.requests), burial.lost.size());
  AppendEvent(segment_,
              {.kind = burial.said_goodbye ? EventKind::kWorkerExited : EventKind::kWorkerDied,
               .severity = burial.lost.empty() ? Severity::kInfo : Severity::kWarning,
               .slot = worker.slot,
               .pid = burial.pid,
               .value = static_cast<double>(burial.lost.size())},
              text);
}

void SegmentCollector::ReadInFlight(const Tick& tick, Sample* sample) {
  sample->in_flight.clear();
  for (RouteSample& route : sample->routes) route.in_flight = 0;
  for (WorkerSample& worker : sample->workers) {
    if (!worker.alive) continue;
    for (const InFlight& request : segment_.workers[worker.slot].in_flight) {
      const uint64_t started = request.started_ns.load(std::memory_order_acquire);
      if (started == 0) continue;
      InFlightSample seen;
      seen.slot = worker.slot;
      seen.pid = worker.pid;
      seen.thread = request.thread.load(std::memory_order_acquire);
      const uint32_t route = request.route.load(std::memory_order_acquire);
      seen.route = route < kMaxRoutes ? CanonicalId(route) : kRouteUnknown;
      seen.method = static_cast<HttpMethod>(request.method.load(std::memory_order_acquire) & 0xFFU);
      seen.phase = static_cast<RequestPhase>(request.phase.load(std::memory_order_acquire));
      seen.age_seconds = SecondsSince(started, tick.now_ns);
      seen.phase_age_seconds =
          SecondsSince(request.phase_since_ns.load(std::memory_order_acquire), tick.now_ns);
      seen.index = static_cast<uint32_t>(&request - segment_.workers[worker.slot].in_flight.data());
      seen.started_ns = started;
      seen.python_thread = request.python_thread.load(std::memory_order_acquire);
      seen.limit_seconds = Seconds(Nanoseconds(request.limit_ns.load(std::memory_order_acquire)));
      seen.stuck = request.stuck.load(std::memory_order_acquire);
      // All loads above acquire: this one stays behind them.
      if (request.started_ns.load(std::memory_order_relaxed) != started) continue;  // has ended
      ++worker.in_flight;
      if (seen.phase == RequestPhase::kStreaming) {
        ++worker.streaming;
      } else {
        worker.oldest_request_seconds = std::max(worker.oldest_request_seconds, seen.age_seconds);
      }
      sample->in_flight.push_back(seen);
    }
  }
  std::sort(sample->in_flight.begin(), sample->in_flight.end(),
            [](const auto& a, const auto& b) { return a.age_seconds > b.age_seconds; });
  for (const InFlightSample& request : sample->in_flight) {
    if (request.route != kRouteUnknown) ++RowOf(request.route, sample).in_flight;
  }
}

uint32_t SegmentCollector::CanonicalId(uint32_t route) {
  if (canonical_[route] != kRouteUnknown) return canonical_[route];
  if (FindRoute(segment_, route) == nullptr) return kRouteOther;
  canonical_[route] = ids_by_label_.try_emplace(LabelOf(segment_, route), route).first->second;
  return canonical_[route];
}

RouteSample& SegmentCollector::RowOf(uint32_t id, Sample* sample) const {
  const auto place =
      std::lower_bound(sample->routes.begin(), sample->routes.end(), id,
                       [](const RouteSample& route, uint32_t other) { return route.id < other; });
  if (place != sample->routes.end() && place->id == id) return *place;
  RouteSample route;
  route.id = id;
  if (const RouteEntry* const entry = FindRoute(segment_, id); entry != nullptr) {
    route.method = entry->method;
    route.rule = RuleOf(*entry);
  }
  return *sample->routes.insert(place, std::move(route));
}

void SegmentCollector::ReadRoutes(const Tick& tick, Sample* sample) {
  const RetiredBank& retired = RetiredTotals(segment_);
  RouteBits used = retired.routes_used;
  for (const WorkerSample& worker : sample->workers) {
    const WorkerSlot& slot = segment_.workers[worker.slot];
    for (size_t word = 0; word < used.size(); ++word) used[word] |= slot.routes_used[word];
  }
  const uint64_t part = tick.now_ns / kPartNs;
  const bool part_is_new = part != part_number_;
  if (part_is_new) {
    for (const auto& [id, window] : windows_) {
      for (uint64_t n = std::max(part_number_ + 1, part > 6 ? part - 6 : 0); n <= part; ++n) {
        window->parts[n % window->parts.size()] = {};
      }
    }
    part_number_ = part;
  }

  CountRoutes(retired, used, sample);
  for (RouteSample& route : sample->routes) {
    if (route.requests != counted_[route.id]) route.totals = {};
  }
  ForEachRoute(used, [&](uint32_t id) {
    RouteSample& route = RowOf(CanonicalId(id), sample);
    if (route.requests == counted_[route.id]) return;
    if ((retired.routes_used[id / 64] >> (id % 64) & 1U) != 0) {
      AddRouteTotals(retired.routes[id], &route.totals);
    }
    for (const WorkerSample& worker : sample->workers) {
      const WorkerSlot& slot = segment_.workers[worker.slot];
      if (worker.alive && IsUsed(slot, id)) AddRouteStats(slot.routes[id], &route.totals);
    }
  });

  Figures now;
  now.now_ns = tick.now_ns;
  for (RouteSample& route : sample->routes) {
    const bool unchanged = route.requests == counted_[route.id];
    if (!unchanged) route.requests = RequestsOf(route.totals);
    if (!unchanged || part_is_new) Advance(tick, &route);
    now.requests += route.requests;
    now.errors += ErrorsOf(route.totals);
    now.slow += route.totals.slow;
    now.duration_sum_ns += route.totals.duration_sum_ns;
    for (size_t i = 0; i < kHistogramBuckets; ++i) now.histogram[i] += route.totals.histogram[i];
  }
  if (minute_.empty()) {
    minute_.push_back(now);
    first_ns_ = tick.now_ns;
  }
  sample->route_window_seconds =
      std::min(Seconds(AgeOf(first_ns_, tick.now_ns)),
               Seconds(Nanoseconds(6 * kPartNs + tick.now_ns % kPartNs)));
  sample->latest = Between(minute_.back(), now);
  minute_.push_back(now);
  while (minute_.size() > 2 && minute_[1].now_ns + kMinuteNs <= now.now_ns) minute_.pop_front();
  sample->recent = Between(minute_.front(), now);
}

// The counts of a route change only with its number of requests, so that number says which routes
// need to be read in full: one cache line of each route and worker, and not twelve.
void SegmentCollector::CountRoutes(const RetiredBank& retired, const RouteBits& used,
                                   Sample* sample) {
  std::fill(counted_.begin(), counted_.end(), 0);
  ForEachRoute(used, [&](uint32_t id) {
    uint64_t& requests = counted_[CanonicalId(id)];
    if ((retired.routes_used[id / 64] >> (id % 64) & 1U) != 0) {
      requests += RequestsOf(retired.routes[id]);
    }
    for (WorkerSample& worker : sample->workers) {
      const WorkerSlot& slot = segment_.workers[worker.slot];
      if (!worker.alive || !IsUsed(slot, id)) continue;
      const uint64_t of_worker = RequestsOf(slot.routes[id]);
      requests += of_worker;
      worker.requests += of_worker;
      worker.errors += slot.routes[id].status[4].load(std::memory_order_relaxed);
    }
  });
}

// Puts what `route` has counted since the last full tick into its window, and the window's sum into
// `route`.
void SegmentCollector::Advance(const Tick& tick, RouteSample* route) {
  std::unique_ptr<RouteWindow>& window = windows_[route->id];
  if (window == nullptr) {
    window = std::make_unique<RouteWindow>();
    // A supervisor that takes over must not show the totals of hours as those of a minute.
    if (minute_.empty()) window->newest = route->totals;
  }
  RouteWindow::Part& filling = window->parts[tick.now_ns / kPartNs % window->parts.size()];
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    filling.histogram[i] +=
        static_cast<uint32_t>(route->totals.histogram[i] - window->newest.histogram[i]);
  }
  filling.errors += static_cast<uint32_t>(ErrorsOf(route->totals) - ErrorsOf(window->newest));
  window->newest = route->totals;
  route->recent = {};
  route->recent_errors = 0;
  for (const RouteWindow::Part& part : window->parts) {
    for (size_t i = 0; i < kHistogramBuckets; ++i) route->recent[i] += part.histogram[i];
    route->recent_errors += part.errors;
  }
}

RecentSample SegmentCollector::Between(const Figures& then, const Figures& now) {
  RecentSample recent;
  recent.window_seconds = Seconds(AgeOf(then.now_ns, now.now_ns));
  recent.requests = now.requests - then.requests;
  recent.errors = now.errors - then.errors;
  recent.slow = now.slow - then.slow;
  if (recent.window_seconds > 0) {
    recent.requests_per_second = static_cast<double>(recent.requests) / recent.window_seconds;
  }
  if (recent.requests == 0) return recent;
  const auto requests = static_cast<double>(recent.requests);
  recent.error_ratio = static_cast<double>(recent.errors) / requests;
  recent.mean_seconds =
      static_cast<double>(now.duration_sum_ns - then.duration_sum_ns) * 1e-9 / requests;
  HistogramCounts counts;
  for (size_t i = 0; i < counts.size(); ++i) {
    // A worker's bucket has 32 bits: after four thousand million requests it begins anew.
    counts[i] = now.histogram[i] >= then.histogram[i] ? now.histogram[i] - then.histogram[i] : 0;
  }
  recent.p50_seconds = static_cast<double>(HistogramQuantileNs(counts, 0.50)) * 1e-9;
  recent.p95_seconds = static_cast<double>(HistogramQuantileNs(counts, 0.95)) * 1e-9;
  recent.p99_seconds = static_cast<double>(HistogramQuantileNs(counts, 0.99)) * 1e-9;
  return recent;
}

void SegmentCollector::ReadTotals(Sample* sample) const {
  const RetiredBank& retired = RetiredTotals(segment_);
  Totals totals;
  for (const RouteSample& route : sample->routes) {
    totals.requests += route.requests;
    totals.errors += ErrorsOf(route.totals);
    totals.exceptions += route.totals.exceptions;
  }
  totals.lost = retired.lost;
  totals.workers_exited = retired.workers_exited;
  totals.workers_died = retired.workers_died;
  totals.probe_faults = retired.probe_faults;
  totals.in_flight_overflow = retired.in_flight_overflow;
  for (const WorkerSample& worker : sample->workers) {
    const WorkerSlot& slot = segment_.workers[worker.slot];
    totals.probe_faults += slot.probe_faults.load(std::memory_order_relaxed);
    totals.in_flight_overflow += slot.in_flight_overflow.load(std::memory_order_relaxed);
  }
  totals.events = segment_.header.next_event.load(std::memory_order_relaxed);
  totals.events_overwritten = totals.events > kMaxEvents ? totals.events - kMaxEvents : 0;
  sample->totals = totals;
}

void SegmentCollector::ReadEvents(Sample* sample) {
  const uint64_t next = segment_.header.next_event.load(std::memory_order_acquire);
  if (next == next_event_) return;
  const std::vector<EventRecord> records = stirbar::ReadEvents(segment_, kShownEvents);
  // The newest may still be in writing: then this is not the last look at it.
  const bool complete = !records.empty() && records.back().number + 1 >= next;
  next_event_ = complete ? next : UINT64_MAX;
  sample->events.clear();
  for (const EventRecord& record : records) {
    EventSample event;
    event.number = record.number;
    event.wall_ns = record.wall_ns;
    event.kind = record.fields.kind;
    event.severity = record.fields.severity;
    event.slot = record.fields.slot;
    event.pid = record.fields.pid;
    event.route = record.fields.route;
    event.value = record.fields.value;
    event.value2 = record.fields.value2;
    event.text = record.text;
    if (event.kind == EventKind::kRequestSlow) {
      char text[sizeof(Event::text)];
      std::snprintf(text, sizeof text, "%s took %.1f s", LabelOf(segment_, event.route).c_str(),
                    event.value);
      event.text = text;
    }
    sample->events.push_back(std::move(event));
  }
}

}  // namespace stirbar
