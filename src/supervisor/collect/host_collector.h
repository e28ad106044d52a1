// The hosts that the app calls: Sample::hosts, over all workers, dead and alive.
#pragma once

#include <string_view>

#include "supervisor/supervisor.h"

namespace stirbar {

// Full ticks. Comes after SegmentCollector, whose workers it takes. Entries of equal name (two
// workers met a host at the same moment) are added up.
//
// Owns: nothing of the segment; it must outlive the collector. Time: one cache line of each host
// and worker.
class HostCollector : public Collector {
 public:
  explicit HostCollector(const Segment& segment) : segment_(segment) {}

  std::string_view name() const override { return "hosts"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  HostSample Read(uint32_t host, const Tick& tick, const Sample& sample) const;

  const Segment& segment_;
};

}  // namespace stirbar
