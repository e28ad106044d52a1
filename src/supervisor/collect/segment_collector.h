// Reads the segment: workers, requests in flight, routes, totals, events, settings. Buries workers
// that have died.
#pragma once

#include <cstdint>
#include <string_view>

#include "segment/mapping.h"
#include "supervisor/collect/route_reader.h"
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
  void ReadWorkers(const Tick& tick, Sample* sample);
  void BuryDead(const Tick& tick, const WorkerSample& worker);
  void ReadInFlightRequests(const Tick& tick, Sample* sample);
  void ReadEvents(Sample* sample);
  void ReadTotals(Sample* sample) const;

  Segment& segment_;
  RouteReader routes_;
  uint64_t next_event_ = UINT64_MAX;
  uint64_t last_requests_ = 0;
  uint64_t last_completion_ns_ = 0;
};

}  // namespace stirbar
