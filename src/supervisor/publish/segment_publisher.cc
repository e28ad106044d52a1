#include "supervisor/publish/segment_publisher.h"

#include <algorithm>
#include <cmath>

#include "segment/events.h"
#include "segment/published.h"

namespace stirbar {
namespace {

// Of the pools; kNotMeasured where there is none.
void AddPools(const Snapshot& snapshot, HistoryValues* point) {
  const std::vector<PoolSample>& pools = snapshot.sample.pools;
  point->pool_utilisation = snapshot.evaluation.resources.connection_pool_utilization;
  point->pool_waiting = pools.empty() ? kNotMeasured : 0;
  point->pool_wait_p95_seconds = kNotMeasured;
  for (const PoolSample& pool : pools) {
    for (const uint32_t waiting : pool.waiting) point->pool_waiting += waiting;
    point->pool_wait_p95_seconds =
        std::fmax(point->pool_wait_p95_seconds, pool.wait_p95_seconds);  // ignores a NaN
  }
}

HistoryValues PointOf(const Snapshot& snapshot) {
  const Sample& sample = snapshot.sample;
  const ResourceMetrics& resources = snapshot.evaluation.resources;
  double longest_wait = 0;
  for (const WorkerSample& worker : sample.workers) {
    longest_wait = std::max(longest_wait, worker.lock_wait_seconds);
  }
  HistoryValues point{};
  point.wall_ms = sample.tick.wall_ns / 1'000'000;
  point.memory_ratio = resources.memory_usage_percent / 100;
  point.memory_bytes = resources.memory_usage_mb * 1e6;
  point.cpu_ratio = resources.cpu_usage_percent / 100;
  point.requests_per_second = sample.latest.requests_per_second;
  point.error_ratio = sample.latest.error_ratio;
  point.p50_seconds = sample.latest.p50_seconds;
  point.p95_seconds = sample.latest.p95_seconds;
  point.p99_seconds = sample.latest.p99_seconds;
  point.accept_queue = static_cast<double>(resources.request_queue_size);
  point.in_flight = static_cast<double>(sample.in_flight.size());
  point.lock_wait_seconds = longest_wait;
  point.workers = static_cast<double>(sample.workers.size());
  point.saturation = snapshot.evaluation.load.saturation;
  point.refused_per_second = sample.traffic.refused_per_second;
  point.queue_p50_seconds = sample.traffic.queue_p50_seconds;
  point.queue_p95_seconds = sample.traffic.queue_p95_seconds;
  AddPools(snapshot, &point);
  std::fill(std::begin(point.reserved), std::end(point.reserved), kNotMeasured);
  return point;
}

}  // namespace

SegmentPublisher::SegmentPublisher(Segment& segment, SnapshotFormatter format)
    : segment_(segment), format_(std::move(format)) {}

void SegmentPublisher::Publish(const std::shared_ptr<const Snapshot>& snapshot) {
  if (snapshot->sample.tick.full) {
    HistoryValues point = PointOf(*snapshot);
    point.database_seconds = SqlRate(snapshot->sample);
    AppendHistory(segment_, point);
  }
  const std::shared_ptr<const std::string> text = format_(snapshot);
  if (!WriteSnapshot(segment_, *text) && !warned_) {
    warned_ = true;
    AppendEvent(segment_, {.kind = EventKind::kProbeFault, .severity = Severity::kWarning},
                "the snapshot is larger than 512 KiB: pages inside the app show an older one");
  }
}

double SegmentPublisher::SqlRate(const Sample& sample) {
  constexpr auto kSql = static_cast<size_t>(Part::kSql);
  uint64_t sql_ns = 0;
  uint64_t calls = 0;
  for (const RouteSample& route : sample.routes) {
    sql_ns += route.totals.parts_ns[kSql];
    calls += route.totals.part_calls[kSql];
  }
  const uint64_t now_ns = sample.tick.now_ns;
  const double seconds = Seconds(AgeOf(sql_at_ns_, now_ns));
  const bool measured = sql_at_ns_ != 0 && seconds > 0 && calls > 0 && sql_ns >= sql_ns_;
  const double rate =
      measured ? static_cast<double>(sql_ns - sql_ns_) * 1e-9 / seconds : kNotMeasured;
  sql_ns_ = sql_ns;
  sql_at_ns_ = now_ns;
  return rate;
}

std::vector<HistoryValues> SegmentPublisher::Recent(size_t points) const {
  return ReadHistory(segment_, points);
}

}  // namespace stirbar
