// The pools of connections: Sample::pools, over all workers, dead and alive.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "supervisor/collect/active_window.h"
#include "supervisor/collect/minute_ring.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Every tick; shares and means of the last minute on full ticks. Comes after the SegmentCollector,
// whose workers it takes. Pools of equal name are added up.
//
// A supervisor that takes over does not show hours as a minute: what was counted before its first
// look is in the totals only.
//
// Owns: nothing of the segment; it must outlive the collector. Time: 2 KiB of each worker and pool.
class PoolCollector : public Collector {
 public:
  explicit PoolCollector(const Segment& segment) : segment_(segment) {}

  std::string_view name() const override { return "pools"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  // Ten seconds of a pool.
  struct Part {
    std::array<uint32_t, kHistogramBuckets> waits;
    uint64_t hold_ns;
    uint64_t returned;
  };
  // What is remembered of a pool from tick to tick.
  struct Memory {
    MinuteRing<Part> ring;
    ActiveWindow active;
    PoolTotals totals{};
    uint64_t returned = 0;
  };

  void AddWorker(const Tick& tick, uint32_t slot, uint32_t pool, PoolSample* row) const;
  void Remember(const Tick& tick, const PoolSample& row, uint32_t fullest);
  void Judge(const Memory& memory, PoolSample* row) const;

  const Segment& segment_;
  std::map<std::string, Memory> memory_;  // by name
  uint64_t part_ = 0;
  bool known_ = false;  // there has been a tick before
};

}  // namespace stirbar
