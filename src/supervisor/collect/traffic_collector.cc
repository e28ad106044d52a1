#include "supervisor/collect/traffic_collector.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "segment/worker_slot.h"
#include "supervisor/collect/route_reader.h"

namespace stirbar {
namespace {

constexpr uint64_t kRateWindowNs = 2'000'000'000;
constexpr Nanoseconds kDelayHolds = std::chrono::seconds(2);

using Counts = std::array<uint64_t, kCriticalities>;

uint64_t SumOf(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

double QuantileSeconds(const HistogramCounts& counts, double quantile) {
  return Seconds(Nanoseconds(HistogramQuantileNs(counts, quantile)));
}

// Something waits or is held back: the figures are wanted at every tick.
bool IsLoaded(const TrafficSample& traffic) {
  return traffic.waiting > 0 || traffic.shed_level > 0 || traffic.backlog > 0 ||
         (traffic.capacity > 0 && traffic.busy + traffic.streams >= traffic.capacity);
}

}  // namespace

void TrafficCollector::Collect(const Tick& tick, Sample* sample) {
  TrafficSample& traffic = sample->traffic;
  CountSlots(*sample, &traffic);
  ReadOrders(&traffic);
  ReadAdmission(*sample, &traffic);
  ReadQueueDelay(tick, *sample, &traffic);
  if (tick.full) ReadQueueTimes(tick, *sample, &traffic);
  ReadRates(tick, *sample, &traffic);
}

void TrafficCollector::CountSlots(const Sample& sample, TrafficSample* traffic) const {
  traffic->capacity = traffic->busy = traffic->streams = traffic->waiting = 0;
  traffic->queue_sources.clear();
  bool known = true;
  for (const WorkerSample& worker : sample.workers) {
    if (!worker.alive) continue;
    traffic->busy += worker.in_flight - worker.streaming;
    traffic->streams += worker.streaming;
    traffic->waiting += worker.executor_depth;
    if (worker.state != WorkerState::kServing) continue;
    known = known && worker.capacity > 0;
    traffic->capacity += worker.capacity;
  }
  if (!known) traffic->capacity = 0;
  for (const ListenerSample& listener : sample.listeners) traffic->waiting += listener.depth;
  for (const InFlightSample& request : sample.in_flight) {
    ++traffic->queue_sources[std::string(Name(request.queue_source))];
  }
}

void TrafficCollector::ReadOrders(TrafficSample* traffic) const {
  const SupervisorBlock& block = segment_.supervisor;
  traffic->shed_level = block.shed_level.load(std::memory_order_relaxed);
  traffic->backlog = block.backlog.load(std::memory_order_relaxed);
  traffic->backlog_own = block.backlog_own.load(std::memory_order_relaxed);
}

void TrafficCollector::ReadAdmission(const Sample& sample, TrafficSample* traffic) const {
  const RetiredBank& retired = RetiredTotals(segment_);
  traffic->refused = retired.refused;
  traffic->admitted = retired.admitted;
  traffic->would_refuse = retired.would_refuse;
  for (const WorkerSample& worker : sample.workers) {
    if (!worker.alive) continue;  // its counts are among the retired ones
    const AdmissionState& state = segment_.workers[worker.slot].admission;
    for (size_t i = 0; i < kCriticalities; ++i) {
      traffic->refused[i] += state.refused[i].load(std::memory_order_relaxed);
      traffic->admitted[i] += state.admitted[i].load(std::memory_order_relaxed);
      traffic->would_refuse[i] += state.would_refuse[i].load(std::memory_order_relaxed);
    }
  }
}

void TrafficCollector::ReadQueueDelay(const Tick& tick, const Sample& sample,
                                      TrafficSample* traffic) {
  std::array<uint64_t, kMaxWorkers> youngest_ns{};
  for (const InFlightSample& request : sample.in_flight) {
    uint64_t& youngest = youngest_ns[request.slot];
    youngest = std::max(youngest, request.started_ns);
  }
  traffic->queue_delay_seconds = 0;
  for (const WorkerSample& worker : sample.workers) {
    Activity& activity = activity_[worker.slot];
    const uint64_t youngest = std::max(activity.youngest_ns, youngest_ns[worker.slot]);
    if (activity.incarnation != worker.incarnation || activity.requests != worker.requests ||
        activity.youngest_ns != youngest) {
      activity = {worker.incarnation, worker.requests, youngest, tick.now_ns};
    }
    if (!worker.alive || AgeOf(activity.seen_ns, tick.now_ns) > kDelayHolds) continue;
    traffic->queue_delay_seconds =
        std::max(traffic->queue_delay_seconds, worker.queue_delay_seconds);
  }
}

void TrafficCollector::ReadQueueTimes(const Tick& tick, const Sample& sample,
                                      TrafficSample* traffic) {
  HistogramCounts totals = RetiredTotals(segment_).queue_histogram;
  for (const WorkerSample& worker : sample.workers) {
    if (!worker.alive) continue;
    const auto& counts = segment_.workers[worker.slot].queue_histogram;
    for (size_t i = 0; i < totals.size(); ++i) {
      totals[i] += counts[i].load(std::memory_order_relaxed);
    }
  }
  const uint64_t part = MinuteRing<QueuePart>::NumberOf(tick.now_ns);
  if (part != queue_part_) queue_ring_.Renew(queue_part_, part);
  queue_part_ = part;
  if (queue_known_) {  // a supervisor that takes over does not show hours as a minute
    QueuePart& filling = queue_ring_.At(part);
    for (size_t i = 0; i < totals.size(); ++i) {
      // Modulo 2^32, as a worker's bucket: one that begins anew spoils nothing.
      filling[i] += static_cast<uint32_t>(totals[i] - traffic->queue_totals[i]);
    }
  }
  queue_known_ = true;
  traffic->queue_totals = totals;

  HistogramCounts& recent = traffic->queue_recent;
  recent = {};
  for (const QueuePart& counts : queue_ring_.parts()) {
    for (size_t i = 0; i < recent.size(); ++i) recent[i] += counts[i];
  }
  traffic->queue_p50_seconds = traffic->queue_p95_seconds = kNotMeasured;
  traffic->queue_max_seconds = kNotMeasured;
  const auto last = std::find_if(recent.rbegin(), recent.rend(), [](uint64_t n) { return n > 0; });
  if (last == recent.rend()) return;
  const auto bucket = static_cast<size_t>(recent.rend() - last) - 1;
  traffic->queue_p50_seconds = QuantileSeconds(recent, 0.50);
  traffic->queue_p95_seconds = QuantileSeconds(recent, 0.95);
  traffic->queue_max_seconds = Seconds(Nanoseconds(HistogramUpperNs(bucket)));
}

void TrafficCollector::ReadRates(const Tick& tick, const Sample& sample, TrafficSample* traffic) {
  const uint64_t refused = SumOf(traffic->refused);
  const bool refuses = !points_.empty() && points_.back().refused != refused;
  if (!tick.full && !refuses && !IsLoaded(*traffic)) return;
  const Point now{tick.now_ns,
                  tick.full ? sample.totals.requests : CountEnded(segment_, sample.workers),
                  refused};
  if (!points_.empty() && now.ended < points_.back().ended) points_.clear();
  points_.push_back(now);
  while (points_.size() > 2 && points_[1].now_ns + kRateWindowNs <= now.now_ns) {
    points_.pop_front();
  }
  const Point& then = points_.front();
  const double seconds = Seconds(AgeOf(then.now_ns, now.now_ns));
  if (seconds <= 0) return;
  traffic->served_per_second = static_cast<double>(now.ended - then.ended) / seconds;
  traffic->refused_per_second =
      now.refused < then.refused ? 0 : static_cast<double>(now.refused - then.refused) / seconds;
}

}  // namespace stirbar
