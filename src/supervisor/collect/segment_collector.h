// Reads the segment: workers, requests in flight, routes, totals, events, settings. Buries workers
// that have died.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "segment/mapping.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Renews Sample::workers (without `process`), in_flight, routes, events, totals, recent, latest,
// settings. Every tick: workers and requests in flight; full ticks: routes and figures over time as
// well.
//
// Owns: nothing of the segment; it must outlive the collector.
// Failure: a worker whose slot cannot be read is left out. Whether the segment as a whole is sound
// is the loop's question (SegmentMapping::Defect).
class SegmentCollector : public Collector {
 public:
  explicit SegmentCollector(Segment& segment);

  std::string_view name() const override { return "segment"; }
  void Collect(const Tick& tick, Sample* sample) override;

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
  // What a route counted in the last minute: a ring of six parts of ten seconds.
  struct RouteWindow {
    struct Part {
      std::array<uint32_t, kHistogramBuckets> histogram{};
      uint32_t errors = 0;
    };
    RouteTotals newest{};
    std::array<Part, 7> parts{};  // six whole ones and the one that fills now
  };

  void ReadWorkers(const Tick& tick, Sample* sample);
  void BuryDead(const Tick& tick, const WorkerSample& worker);
  void ReadInFlight(const Tick& tick, Sample* sample);
  using RouteBits = std::array<uint64_t, kMaxRoutes / 64>;
  void ReadRoutes(const Tick& tick, Sample* sample);
  // Counts the requests of the routes in `used` (counted_) and of the workers.
  void CountRoutes(const RetiredBank& retired, const RouteBits& used, Sample* sample);
  // The first id of equal text: two workers may have appended a rule at the same moment.
  // kRouteOther for an entry that is not whole.
  uint32_t CanonicalId(uint32_t route);
  // The row of `id` in sample->routes, which is sorted by id; made when it is missing.
  RouteSample& RowOf(uint32_t id, Sample* sample) const;
  void Advance(const Tick& tick, RouteSample* route);
  void ReadEvents(Sample* sample);
  void ReadTotals(Sample* sample) const;
  static RecentSample Between(const Figures& then, const Figures& now);

  Segment& segment_;
  uint64_t next_event_ = UINT64_MAX;
  uint64_t last_requests_ = 0;
  uint64_t last_completion_ns_ = 0;
  uint64_t part_number_ = 0;    // tens of seconds since boot
  uint64_t first_ns_ = 0;       // the first full tick
  std::deque<Figures> minute_;  // one for each full tick
  std::unordered_map<uint32_t, std::unique_ptr<RouteWindow>> windows_;  // by canonical id
  std::unordered_map<std::string, uint32_t> ids_by_label_;
  std::vector<uint32_t> canonical_;  // by id; kRouteUnknown: not looked up yet
  std::vector<uint64_t> counted_;    // by canonical id: requests found at this full tick
};

}  // namespace stirbar
