#include "supervisor/publish/history_intake.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

namespace stirbar {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kJumpNs = 2 * kSecondNs;  // a tick that is late moves both clocks

using Spreads = std::array<HistogramCounts, kSpreads>;

Spreads TotalsOf(const Sample& sample) {
  Spreads totals{};
  for (const RouteSample& route : sample.routes) {
    Add(route.totals.histogram, &totals[static_cast<size_t>(Spread::kRequest)]);
  }
  totals[static_cast<size_t>(Spread::kQueue)] = sample.traffic.queue_totals;
  for (const PoolSample& pool : sample.pools) {
    Add(pool.totals.wait_histogram, &totals[static_cast<size_t>(Spread::kPoolWait)]);
  }
  return totals;
}

// What has been added since; a total that has become less began anew.
void Subtract(const HistogramCounts& before, HistogramCounts* counts) {
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    (*counts)[i] = (*counts)[i] >= before[i] ? (*counts)[i] - before[i] : 0;
  }
}

uint64_t Since(uint64_t before, uint64_t now) { return now >= before ? now - before : 0; }

RoutePoint PointOfRoute(const RouteSample& route, const RouteSample* before) {
  RoutePoint point;
  point.label = RouteLabel(route.method, route.id, route.rule);
  point.requests = route.requests;
  point.errors = route.totals.status[4];
  point.nanoseconds = route.totals.duration_sum_ns;
  std::array<HistogramCounts, 1> histogram{route.totals.histogram};
  if (before != nullptr) {
    point.requests = Since(before->requests, point.requests);
    point.errors = Since(before->totals.status[4], point.errors);
    point.nanoseconds = Since(before->totals.duration_sum_ns, point.nanoseconds);
    Subtract(before->totals.histogram, &histogram[0]);
  }
  point.histogram = PackHistograms(histogram);
  return point;
}

}  // namespace

int64_t SecondOf(uint64_t wall_ns, int64_t previous) {
  const int64_t second = static_cast<int64_t>(wall_ns) / kSecondNs;
  const int64_t rest = static_cast<int64_t>(wall_ns) % kSecondNs;
  if (second == previous && rest > kSecondNs / 2) return second + 1;
  if (second == previous + 2 && rest < kSecondNs / 2) return second - 1;
  return second;
}

int64_t ClockJump(const Tick& before, const Tick& now) {
  if (before.wall_ns == 0) return 0;
  const auto wall = static_cast<int64_t>(now.wall_ns - before.wall_ns);
  const auto passed = static_cast<int64_t>(now.now_ns - before.now_ns);
  const int64_t jump = wall - passed;
  return std::llabs(jump) < kJumpNs ? 0 : jump / kSecondNs;
}

void HistoryIntake::Take(const std::shared_ptr<const Snapshot>& snapshot, HistoryBatch* batch) {
  const Sample& sample = snapshot->sample;
  AddClockJump(sample.tick, batch);
  batch->points.push_back(PointOf(*snapshot));
  AddEvents(sample, batch);
  AddRoutes(snapshot, batch);
  last_tick_ = sample.tick;
}

HistorySecond HistoryIntake::PointOf(const Snapshot& snapshot) {
  const Sample& sample = snapshot.sample;
  HistoryFigures figures;
  figures.seconds = 1;
  const auto& values = snapshot.evaluation.metrics.values();
  for (size_t i = 0; i < kMetricCount; ++i) figures.metrics[i].Add(values[i]);
  const Spreads totals = TotalsOf(sample);
  if (totals_) {
    figures.spreads = totals;
    for (size_t i = 0; i < kSpreads; ++i) Subtract((*totals_)[i], &figures.spreads[i]);
  }
  totals_ = totals;
  last_second_ = SecondOf(sample.tick.wall_ns, last_second_);
  return {last_second_, PackMetrics(figures), PackHistograms(figures.spreads)};
}

void HistoryIntake::AddEvents(const Sample& sample, HistoryBatch* batch) {
  for (const EventSample& event : sample.events) {
    if (event.number < next_event_) continue;
    next_event_ = event.number + 1;
    StoredRecord stored;
    stored.record.wall_ns = event.wall_ns;
    stored.record.severity = event.severity;
    stored.record.name = std::string(Name(event.kind));
    stored.record.text = event.text;
    stored.source = std::to_string(sample.app_started_wall_ns) + ":" + std::to_string(event.number);
    batch->records.push_back(std::move(stored));
  }
}

void HistoryIntake::AddClockJump(const Tick& tick, HistoryBatch* batch) {
  const int64_t jump = ClockJump(last_tick_, tick);
  if (jump == 0) return;
  StoredRecord stored;
  stored.record.wall_ns = tick.wall_ns;
  stored.record.severity = Severity::kWarning;
  stored.record.name = "clock";
  stored.record.text = jump < 0 ? "the clock was set " + std::to_string(-jump) +
                                      " s back: the figures of that time are written anew"
                                : "the clock went " + std::to_string(jump) +
                                      " s forward at once: it was set, or the machine slept";
  batch->records.push_back(std::move(stored));
}

void HistoryIntake::AddRoutes(const std::shared_ptr<const Snapshot>& snapshot,
                              HistoryBatch* batch) {
  const int64_t minute = IntervalOf(last_second_, 60);
  if (!minute_began_) {
    minute_began_ = snapshot;
    return;
  }
  const int64_t began =
      IntervalOf(static_cast<int64_t>(minute_began_->sample.tick.wall_ns) / kSecondNs, 60);
  if (began == minute) return;
  std::unordered_map<uint32_t, const RouteSample*> before;
  for (const RouteSample& route : minute_began_->sample.routes) before[route.id] = &route;
  std::vector<std::pair<uint64_t, const RouteSample*>> used;
  for (const RouteSample& route : snapshot->sample.routes) {
    const auto known = before.find(route.id);
    const uint64_t requests =
        Since(known != before.end() ? known->second->requests : 0, route.requests);
    if (requests > 0) used.emplace_back(requests, &route);
  }
  const size_t kept = std::min(used.size(), kHistoryRoutes);
  std::partial_sort(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(kept), used.end(),
                    [](const auto& a, const auto& b) { return a.first > b.first; });
  for (size_t i = 0; i < kept; ++i) {
    const RouteSample& route = *used[i].second;
    const auto known = before.find(route.id);
    RoutePoint point = PointOfRoute(route, known != before.end() ? known->second : nullptr);
    point.time = began;
    batch->routes.push_back(std::move(point));
  }
  minute_began_ = snapshot;
}

}  // namespace stirbar
