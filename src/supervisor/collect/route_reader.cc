#include "supervisor/collect/route_reader.h"

#include <algorithm>

#include "segment/counters.h"
#include "segment/routes.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

constexpr uint64_t kMinuteNs = 60'000'000'000;
constexpr uint64_t kUnchanged = UINT64_MAX;

uint64_t ErrorsOf(const RouteTotals& totals) { return totals.status[4]; }

template <typename Words>
bool IsUsed(const Words& used, uint32_t route) {
  const uint64_t word = used[route / 64];
  return (word >> (route % 64) & 1U) != 0;
}

double SecondsOf(uint64_t nanoseconds) { return Seconds(Nanoseconds(nanoseconds)); }

}  // namespace

RouteReader::RouteReader(const Segment& segment)
    : segment_(segment), canonical_(kMaxRoutes, kRouteUnknown), changes_(kMaxRoutes) {}

void RouteReader::Read(const Tick& tick, Sample* sample) {
  const RetiredBank& retired = RetiredTotals(segment_);
  RouteBits used = retired.routes_used;
  for (const WorkerSample& worker : sample->workers) {
    const WorkerSlot& slot = segment_.workers[worker.slot];
    for (size_t word = 0; word < used.size(); ++word) used[word] |= slot.routes_used[word];
  }
  CountChanges(retired, used, sample);
  ReadChanged(retired, used, sample);
  AdvanceAll(tick, sample);
}

// The counts of a route change only with its number of changes, so that number says which routes
// need to be read in full: two cache lines of each route and worker, and not thirteen.
void RouteReader::CountChanges(const RetiredBank& retired, const RouteBits& used, Sample* sample) {
  std::fill(changes_.begin(), changes_.end(), 0);
  ForEachRoute(used, [&](uint32_t id) {
    uint64_t& changes = changes_[CanonicalId(id)];
    if (IsUsed(retired.routes_used, id)) changes += ChangesOf(retired.routes[id]);
    for (WorkerSample& worker : sample->workers) {
      const WorkerSlot& slot = segment_.workers[worker.slot];
      if (!worker.alive || !IsUsed(slot.routes_used, id)) continue;
      const RouteStats& stats = slot.routes[id];
      changes += ChangesOf(stats);
      worker.requests += RequestsOf(stats);
      worker.errors += stats.status[4].load(std::memory_order_relaxed);
    }
  });
}

void RouteReader::ReadChanged(const RetiredBank& retired, const RouteBits& used, Sample* sample) {
  for (RouteSample& route : sample->routes) {
    if (ChangesOf(route.totals) == changes_[route.id]) {
      changes_[route.id] = kUnchanged;
    } else {
      route.totals = {};
    }
  }
  ForEachRoute(used, [&](uint32_t id) {
    RouteSample& route = RowOf(CanonicalId(id), sample);
    if (changes_[route.id] == kUnchanged) return;
    if (IsUsed(retired.routes_used, id)) AddRouteTotals(retired.routes[id], &route.totals);
    for (const WorkerSample& worker : sample->workers) {
      const WorkerSlot& slot = segment_.workers[worker.slot];
      if (worker.alive && IsUsed(slot.routes_used, id)) {
        AddRouteStats(slot.routes[id], &route.totals);
      }
    }
  });
}

void RouteReader::AdvanceAll(const Tick& tick, Sample* sample) {
  const uint64_t part = MinuteRing<WindowPart>::NumberOf(tick.now_ns);
  const bool part_is_new = part != part_number_;
  if (part_is_new) {
    for (const auto& [id, window] : windows_) window->ring.Renew(part_number_, part);
    part_number_ = part;
  }
  Figures now;
  now.now_ns = tick.now_ns;
  for (RouteSample& route : sample->routes) {
    const auto window = windows_.find(route.id);
    const bool changed =
        window == windows_.end() || ChangesOf(window->second->newest) != ChangesOf(route.totals);
    route.requests = RequestsOf(route.totals);
    if (changed || part_is_new) Advance(&route);
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
  constexpr uint64_t kPartNs = MinuteRing<WindowPart>::kPartNs;
  sample->route_window_seconds = std::min(Seconds(AgeOf(first_ns_, tick.now_ns)),
                                          SecondsOf(6 * kPartNs + tick.now_ns % kPartNs));
  sample->latest = Between(minute_.back(), now);
  minute_.push_back(now);
  while (minute_.size() > 2 && minute_[1].now_ns + kMinuteNs <= now.now_ns) minute_.pop_front();
  sample->recent = Between(minute_.front(), now);
}

// Puts what `route` has counted since the last full tick into its window, and the window's sum into
// `route`.
void RouteReader::Advance(RouteSample* route) {
  std::unique_ptr<Window>& window = windows_[route->id];
  const RouteTotals& totals = route->totals;
  if (window == nullptr) {
    window = std::make_unique<Window>();
    // A supervisor that takes over must not show the totals of hours as those of a minute.
    if (minute_.empty()) window->newest = totals;
  }
  const RouteTotals& before = window->newest;
  WindowPart& filling = window->ring.At(part_number_);
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    filling.histogram[i] += static_cast<uint32_t>(totals.histogram[i] - before.histogram[i]);
  }
  filling.errors += static_cast<uint32_t>(ErrorsOf(totals) - ErrorsOf(before));
  filling.duration_ns += totals.duration_sum_ns - before.duration_sum_ns;
  filling.queue_ns += totals.queue_sum_ns - before.queue_sum_ns;
  for (size_t i = 0; i < kParts; ++i)
    filling.parts_ns[i] += totals.parts_ns[i] - before.parts_ns[i];
  window->newest = totals;

  route->recent = {};
  route->recent_errors = 0;
  WindowPart sums;
  for (const WindowPart& part : window->ring.parts()) {
    for (size_t i = 0; i < kHistogramBuckets; ++i) route->recent[i] += part.histogram[i];
    route->recent_errors += part.errors;
    sums.duration_ns += part.duration_ns;
    sums.queue_ns += part.queue_ns;
    for (size_t i = 0; i < kParts; ++i) sums.parts_ns[i] += part.parts_ns[i];
  }
  route->recent_duration_seconds = SecondsOf(sums.duration_ns);
  route->recent_queue_seconds = SecondsOf(sums.queue_ns);
  for (size_t i = 0; i < kParts; ++i) {
    route->recent_part_seconds[i] = SecondsOf(sums.parts_ns[i]);
  }
}

RecentSample RouteReader::Between(const Figures& then, const Figures& now) {
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
  recent.p50_seconds = SecondsOf(HistogramQuantileNs(counts, 0.50));
  recent.p95_seconds = SecondsOf(HistogramQuantileNs(counts, 0.95));
  recent.p99_seconds = SecondsOf(HistogramQuantileNs(counts, 0.99));
  return recent;
}

void RouteReader::CountInFlight(Sample* sample) const {
  for (RouteSample& route : sample->routes) route.in_flight = 0;
  for (const InFlightSample& request : sample->in_flight) {
    if (request.route != kRouteUnknown) ++RowOf(request.route, sample).in_flight;
  }
}

uint32_t RouteReader::CanonicalId(uint32_t route) {
  if (canonical_[route] != kRouteUnknown) return canonical_[route];
  if (FindRoute(segment_, route) == nullptr) return kRouteOther;
  canonical_[route] = ids_by_label_.try_emplace(LabelOf(route), route).first->second;
  return canonical_[route];
}

std::string RouteReader::LabelOf(uint32_t route) const {
  const RouteEntry* const entry = FindRoute(segment_, route);
  if (entry == nullptr) return RouteLabel(HttpMethod::kOther, kRouteOther, "");
  return RouteLabel(entry->method, route, RuleOf(*entry));
}

RouteSample& RouteReader::RowOf(uint32_t id, Sample* sample) const {
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

uint64_t CountEnded(const Segment& segment, const std::vector<WorkerSample>& workers) {
  uint64_t ended = 0;
  const RetiredBank& retired = RetiredTotals(segment);
  ForEachRoute(retired.routes_used, [&](uint32_t id) { ended += RequestsOf(retired.routes[id]); });
  for (const WorkerSample& worker : workers) {
    if (!worker.alive) continue;  // its counts are among the retired ones
    const WorkerSlot& slot = segment.workers[worker.slot];
    ForEachRoute(slot.routes_used, [&](uint32_t id) { ended += RequestsOf(slot.routes[id]); });
  }
  return ended;
}

}  // namespace stirbar
