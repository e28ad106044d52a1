#include "segment/counters.h"

#include <algorithm>
#include <numeric>

namespace stirbar {

void AddRouteStats(const RouteStats& stats, RouteTotals* totals) {
  for (size_t i = 0; i < stats.status.size(); ++i) {
    totals->status[i] += stats.status[i].load(std::memory_order_acquire);
  }
  totals->exceptions += stats.exceptions.load(std::memory_order_relaxed);
  totals->slow += stats.slow.load(std::memory_order_relaxed);
  totals->duration_sum_ns += stats.duration_sum_ns.load(std::memory_order_relaxed);
  totals->duration_max_ns =
      std::max(totals->duration_max_ns, stats.duration_max_ns.load(std::memory_order_relaxed));
  totals->queue_sum_ns += stats.queue_sum_ns.load(std::memory_order_relaxed);
  for (size_t part = 0; part < kParts; ++part) {
    totals->parts_ns[part] += stats.parts_ns[part].load(std::memory_order_relaxed);
    totals->part_calls[part] += stats.part_calls[part].load(std::memory_order_relaxed);
  }
  totals->refused += stats.refused.load(std::memory_order_relaxed);
  totals->degraded += stats.degraded.load(std::memory_order_relaxed);
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    totals->histogram[i] += stats.histogram[i].load(std::memory_order_relaxed);
  }
}

void AddRouteTotals(const RouteTotals& more, RouteTotals* totals) {
  for (size_t i = 0; i < more.status.size(); ++i) totals->status[i] += more.status[i];
  totals->exceptions += more.exceptions;
  totals->slow += more.slow;
  totals->duration_sum_ns += more.duration_sum_ns;
  totals->duration_max_ns = std::max(totals->duration_max_ns, more.duration_max_ns);
  totals->queue_sum_ns += more.queue_sum_ns;
  for (size_t part = 0; part < kParts; ++part) {
    totals->parts_ns[part] += more.parts_ns[part];
    totals->part_calls[part] += more.part_calls[part];
  }
  totals->refused += more.refused;
  totals->degraded += more.degraded;
  for (size_t i = 0; i < kHistogramBuckets; ++i) totals->histogram[i] += more.histogram[i];
}

uint64_t RequestsOf(const RouteTotals& totals) {
  return std::accumulate(totals.status.begin(), totals.status.end(), uint64_t{0});
}

uint64_t RequestsOf(const RouteStats& stats) {
  uint64_t sum = 0;
  for (const Word& count : stats.status) sum += count.load(std::memory_order_relaxed);
  return sum;
}

uint64_t ChangesOf(const RouteTotals& totals) {
  return RequestsOf(totals) + totals.refused + totals.degraded;
}

uint64_t ChangesOf(const RouteStats& stats) {
  return RequestsOf(stats) + stats.refused.load(std::memory_order_relaxed) +
         stats.degraded.load(std::memory_order_relaxed);
}

void AddHostStats(const HostStats& stats, HostTotals* totals) {
  totals->calls += stats.calls.load(std::memory_order_relaxed);
  totals->failures += stats.failures.load(std::memory_order_relaxed);
  totals->timeouts += stats.timeouts.load(std::memory_order_relaxed);
  totals->defaulted += stats.defaulted.load(std::memory_order_relaxed);
  totals->duration_sum_ns += stats.duration_sum_ns.load(std::memory_order_relaxed);
  totals->duration_max_ns =
      std::max(totals->duration_max_ns, stats.duration_max_ns.load(std::memory_order_relaxed));
  totals->breaker_refusals += stats.breaker_refusals.load(std::memory_order_relaxed);
}

}  // namespace stirbar
