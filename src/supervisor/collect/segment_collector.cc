#include "supervisor/collect/segment_collector.h"

#include <signal.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "segment/config.h"
#include "segment/counters.h"
#include "segment/events.h"
#include "segment/identity.h"
#include "segment/worker_slot.h"
#include "supervisor/collect/in_flight_reader.h"

namespace stirbar {
namespace {

constexpr size_t kShownEvents = 200;
// More than any server handles or lets wait: a damaged segment must not make sums overflow.
constexpr uint32_t kMostRequests = 1'000'000;

double SecondsSince(uint64_t then_ns, uint64_t now_ns) {
  return then_ns == 0 ? 0 : Seconds(AgeOf(then_ns, now_ns));
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

// What admission control does in the worker.
void ReadAdmission(const AdmissionState& state, uint64_t now_ns, WorkerSample* worker) {
  const auto load = [](const auto& word) { return word.load(std::memory_order_relaxed); };
  worker->capacity = std::min(load(state.capacity), kMostRequests);
  worker->executor_depth = std::min(load(state.executor_depth), kMostRequests);
  const auto limit = std::bit_cast<double>(load(state.concurrency_limit));
  if (std::isfinite(limit) && limit > 0) worker->concurrency_limit = limit;
  worker->queue_delay_seconds = Seconds(Nanoseconds(load(state.queue_delay_ns)));
  worker->shed_level = std::min(load(state.level), uint32_t{kCriticalities - 1});
  worker->overloaded_seconds = SecondsSince(load(state.overloaded_since_ns), now_ns);
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

}  // namespace

SegmentCollector::SegmentCollector(Segment& segment) : segment_(segment), routes_(segment) {}

void SegmentCollector::Collect(const Tick& tick, Sample* sample) {
  sample->tick = tick;
  ReadWorkers(tick, sample);
  ReadInFlightRequests(tick, sample);
  if (tick.full) {
    const SegmentSettings settings = ReadSettings(segment_);
    sample->settings = settings.values;
    sample->setting_origins = settings.origins;
    routes_.Read(tick, sample);
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
    worker.cleanup_steps = segment_.caches[worker.slot].steps.load(std::memory_order_relaxed);
    worker.stacks_readable = slot.interpreter.ready.load(std::memory_order_acquire) == 1;
    ReadAdmission(slot.admission, tick.now_ns, &worker);
    if (worker.server_kind != ServerKind::kUnknown) sample->server_kind = worker.server_kind;
    if (!worker.alive) {
      CountRequests(slot, &worker);
      BuryDead(tick, worker);
    } else if (!tick.full) {  // else the routes are read, and count them
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
                                  : routes_.LabelOf(lost.route);
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

void SegmentCollector::ReadInFlightRequests(const Tick& tick, Sample* sample) {
  sample->in_flight.clear();
  for (WorkerSample& worker : sample->workers) {
    if (!worker.alive) continue;
    const auto& requests = segment_.workers[worker.slot].in_flight;
    for (uint32_t index = 0; index < kMaxInFlight; ++index) {
      std::optional<InFlightSample> seen = ReadInFlight(requests[index], tick.now_ns);
      if (!seen) continue;
      seen->slot = worker.slot;
      seen->pid = worker.pid;
      seen->index = index;
      seen->route = seen->route < kMaxRoutes ? routes_.CanonicalId(seen->route) : kRouteUnknown;
      ++worker.in_flight;
      if (IsStream(*seen)) {
        ++worker.streaming;
      } else {
        worker.oldest_request_seconds = std::max(worker.oldest_request_seconds, seen->age_seconds);
      }
      sample->in_flight.push_back(*std::move(seen));
    }
  }
  std::sort(sample->in_flight.begin(), sample->in_flight.end(),
            [](const auto& a, const auto& b) { return a.age_seconds > b.age_seconds; });
  routes_.CountInFlight(sample);
}

void SegmentCollector::ReadTotals(Sample* sample) const {
  const RetiredBank& retired = RetiredTotals(segment_);
  Totals totals;
  for (const RouteSample& route : sample->routes) {
    totals.requests += route.requests;
    totals.errors += route.totals.status[4];
    totals.exceptions += route.totals.exceptions;
  }
  totals.lost = retired.lost;
  totals.workers_exited = retired.workers_exited;
  totals.workers_died = retired.workers_died;
  totals.probe_faults = retired.probe_faults;
  totals.in_flight_overflow = retired.in_flight_overflow;
  for (const uint64_t refused : retired.refused) totals.shed += refused;
  for (const WorkerSample& worker : sample->workers) {
    const WorkerSlot& slot = segment_.workers[worker.slot];
    for (const Word& refused : slot.admission.refused) {
      totals.shed += refused.load(std::memory_order_relaxed);
    }
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
      std::snprintf(text, sizeof text, "%s took %.1f s", routes_.LabelOf(event.route).c_str(),
                    event.value);
      event.text = text;
    }
    sample->events.push_back(std::move(event));
  }
}

}  // namespace stirbar
