#pragma once

#include <optional>
#include <string>

#include "supervisor/collect/cgroup_location.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// MachineSample::pressure, the kernel's pressure stall information (PSI): of the app's cgroup where
// v2 shows it, otherwise of the whole machine. The kernel's average over 10 s, taken every 2 s.
//
// Comes after the collector that fills Sample::workers. Threads: one. Time: about 20 us on full
// ticks. Failure: unavailable["pressure"] where the kernel has none (before 4.20, or psi=0); what
// could not be read is kNotMeasured.
class PressureCollector : public Collector {
 public:
  // `proc`: another directory in tests; the cgroup directories follow from its self/mountinfo.
  explicit PressureCollector(std::optional<uint32_t> server_pid, std::string proc = "/proc");

  std::string_view name() const override { return "pressure"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  void Measure(const Tick& tick, const Sample& sample);
  void Read(const std::string& cgroup, const std::string& resource, double* some, double* full);

  const std::string proc_;
  CgroupTracker tracker_;
  PressureSample pressure_;
  std::string failure_;  // empty: none
};

}  // namespace stirbar
