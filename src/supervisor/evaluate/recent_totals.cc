#include "supervisor/evaluate/recent_totals.h"

namespace stirbar {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kWindowNs = 60 * kSecondNs;

}  // namespace

RecentTotals RecentTotalsWindow::Add(const Tick& now, const Totals& totals) {
  const RecentTotals newest{totals.workers_died, totals.lost, totals.in_flight_overflow};
  if (!points_.empty()) {
    const RecentTotals& last = points_.back().totals;
    if (newest.workers_died < last.workers_died || newest.lost < last.lost ||
        newest.in_flight_overflow < last.in_flight_overflow) {
      points_.clear();
    }
  }
  if (points_.empty() || now.now_ns >= points_.back().now_ns + kSecondNs) {
    points_.push_back({now.now_ns, newest});
  }
  // The oldest point kept is the last one at least a minute old: the window never falls short.
  while (points_.size() > 1 && points_[1].now_ns + kWindowNs <= now.now_ns) points_.pop_front();
  const RecentTotals& oldest = points_.front().totals;
  return {newest.workers_died - oldest.workers_died, newest.lost - oldest.lost,
          newest.in_flight_overflow - oldest.in_flight_overflow};
}

}  // namespace stirbar
