#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "supervisor/collect/cgroup_location.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// What the app's cgroup may use and uses: MachineSample::cgroup, from v1, v2 or a mixture.
//
// Memory limit: the smallest of the process's cgroup and all above it that are visible. The other
// memory figures and `path` are of the cgroup that sets it, because the kernel kills when *that*
// one is full, whoever filled it; without a limit, of the process's own. `version` is the memory
// controller's. A limit of the machine's memory or more is none.
//
// memory_events: the kernel's names (low, high, max, oom, oom_kill) and totals since the cgroup was
// made. v1 counts only `max` (as failcnt) and `oom_kill`.
//
// Comes after the collector that fills Sample::workers. Threads: one. Time: about 60 us on full
// ticks; limits are read every 10 s. Failure: unavailable["cgroup"] with version 0.
class CgroupCollector : public Collector {
 public:
  // `proc`: another directory in tests; the cgroup directories follow from its self/mountinfo.
  explicit CgroupCollector(std::optional<uint32_t> server_pid, std::string proc = "/proc");

  std::string_view name() const override { return "cgroup"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  // What holds from one look-up to the next.
  struct Bounds {
    int version = 0;
    std::string path;
    std::string directory;  // of the cgroup that the memory figures are of
    std::optional<uint64_t> memory_bytes;
    std::optional<double> cpus;
  };

  Result<CgroupSample> Measure(const Tick& tick, const Sample& sample);
  Result<Bounds> FindBounds(const CgroupMembership& membership) const;

  const std::string proc_;
  CgroupTracker tracker_;
  uint64_t lookups_ = 0;  // of tracker_ when bounds_ were found
  Bounds bounds_;
  CgroupSample cgroup_;
  std::string failure_;  // empty: none
};

}  // namespace stirbar
