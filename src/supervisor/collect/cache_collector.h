// The caches that the app has registered: Sample::caches, over all workers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "supervisor/collect/minute_ring.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Every tick. Comes after the SegmentCollector, whose workers it takes. Caches of equal name are
// added up. What a worker counted stays in the totals when it has gone; what it counted before this
// supervisor's first look does not get there.
//
// Owns: nothing of the segment; it must outlive the collector. Time: 2 KiB of each worker.
class CacheCollector : public Collector {
 public:
  explicit CacheCollector(const Segment& segment) : segment_(segment) {}

  std::string_view name() const override { return "caches"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  struct Counts {
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t evictions = 0;
  };
  struct Part {  // of a minute
    uint64_t hits;
    uint64_t misses;
  };
  struct Memory {
    Counts totals;
    MinuteRing<Part> ring;
    std::map<uint64_t, Counts> workers;  // by incarnation: what they had counted at the last look
  };

  void AddWorker(const WorkerSample& worker, std::map<std::string, CacheSample>* rows);

  const Segment& segment_;
  std::map<std::string, Memory> memory_;  // by name
  uint64_t part_ = 0;
  bool known_ = false;  // there has been a tick before
};

}  // namespace stirbar
