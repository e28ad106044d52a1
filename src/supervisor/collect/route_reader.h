// Routes: what all workers, dead and alive, have counted for each, in all and in the last minute.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "supervisor/collect/minute_ring.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Renews Sample::routes, recent, latest and route_window_seconds, and requests and errors of each
// worker.
//
// Owns: nothing of the segment; it must outlive the reader. Time: two cache lines of each route and
// worker, and all 13 of those that have counted something since the last full tick.
class RouteReader {
 public:
  explicit RouteReader(const Segment& segment);

  // Full ticks.
  void Read(const Tick& tick, Sample* sample);
  // Every tick: RouteSample::in_flight from Sample::in_flight.
  void CountInFlight(Sample* sample) const;

  // The first id of equal text: two workers may have appended a rule at the same moment.
  // kRouteOther for an entry that is not whole.
  uint32_t CanonicalId(uint32_t route);
  // The text that routes are told apart and added up by.
  std::string LabelOf(uint32_t route) const;

 private:
  // Cumulative figures of the whole app at one moment.
  struct Figures {
    uint64_t now_ns = 0;
    uint64_t requests = 0;
    uint64_t errors = 0;
    uint64_t slow = 0;
    uint64_t duration_sum_ns = 0;
    HistogramCounts histogram{};
  };
  // What a route counted in ten seconds.
  struct WindowPart {
    std::array<uint32_t, kHistogramBuckets> histogram{};
    uint32_t errors = 0;
    uint64_t duration_ns = 0;
    uint64_t queue_ns = 0;
    std::array<uint64_t, kParts> parts_ns{};
  };
  struct Window {
    RouteTotals newest{};
    MinuteRing<WindowPart> ring;
  };
  using RouteBits = std::array<uint64_t, kMaxRoutes / 64>;

  // Counts the changes of the routes in `used` (changes_) and the requests of the workers.
  void CountChanges(const RetiredBank& retired, const RouteBits& used, Sample* sample);
  void ReadChanged(const RetiredBank& retired, const RouteBits& used, Sample* sample);
  void AdvanceAll(const Tick& tick, Sample* sample);
  void Advance(RouteSample* route);
  // The row of `id` in sample->routes, which is sorted by id; made when it is missing.
  RouteSample& RowOf(uint32_t id, Sample* sample) const;
  static RecentSample Between(const Figures& then, const Figures& now);

  const Segment& segment_;
  uint64_t part_number_ = 0;    // MinuteRing::NumberOf the last full tick
  uint64_t first_ns_ = 0;       // the first full tick
  std::deque<Figures> minute_;  // one for each full tick
  std::unordered_map<uint32_t, std::unique_ptr<Window>> windows_;  // by canonical id
  std::unordered_map<std::string, uint32_t> ids_by_label_;
  std::vector<uint32_t> canonical_;  // by id; kRouteUnknown: not looked up yet
  std::vector<uint64_t> changes_;    // by canonical id: ChangesOf at this full tick
};

// Requests that have ended in all workers, dead and alive. Time: one cache line of each route and
// worker.
uint64_t CountEnded(const Segment& segment, const std::vector<WorkerSample>& workers);

}  // namespace stirbar
