#pragma once

#include <string>

#include "base/result.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// The machine's memory, its CPUs, and the file system that holds `disk_path`.
//
// cpus: those that this process may run on (its CPU set, which containers restrict, and the app's
// too, from which it is inherited). disk_total_bytes and
// disk_available_bytes: what an ordinary user may fill, and what of it is left.
//
// Threads: one. Time: about 20 us on full ticks; a `disk_path` on a network file system whose
// server is gone would block. Failure: unavailable["machine"] names what could not be read; the
// other figures are there.
class MachineCollector : public Collector {
 public:
  explicit MachineCollector(std::string disk_path, std::string proc = "/proc");

  std::string_view name() const override { return "machine"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  void Measure();

  const std::string proc_;
  MachineSample machine_;  // without cgroup and pressure
  std::string failure_;    // empty: none
};

struct MemoryInfo {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;
};

// /proc/meminfo. Failure: it cannot be read or lacks a line.
Result<MemoryInfo> ReadMemoryInfo(const std::string& proc);

}  // namespace stirbar
