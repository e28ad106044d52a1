// Statements that took longer than slow_query_threshold: Sample::slow_queries.
#pragma once

#include <string_view>

#include "segment/layout.h"
#include "supervisor/collect/ring_reader.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Every tick, after the SegmentCollector; keeps the newest 50. The workers tell of them by events.
// Borrows the segment.
class SlowQueryCollector : public Collector {
 public:
  explicit SlowQueryCollector(const Segment& segment) : segment_(segment) {}

  std::string_view name() const override { return "slow_queries"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  SlowQuerySample Describe(const WorkerSample& worker, const SlowQuery& record) const;

  const Segment& segment_;
  RingReader<SlowQuery, kMaxSlowQueries> ring_;
};

}  // namespace stirbar
