#pragma once

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "supervisor/collect/process_tree.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// The processes of the app, from /proc: Sample::processes, the `process` of each Sample::workers,
// and Sample::supervisor. Comes after the collector that fills Sample::workers.
//
// Which processes: the server (where its pid is known) and the workers, with all that descend from
// them; without a server pid also a worker's parent that runs the same program (gunicorn's and
// uWSGI's masters), for otherwise the master's memory would belong to nobody. Never the supervisor
// or its children. A process that has taken over the pid of one that ended is told from it by its
// start time, and begins with no figures from before.
//
// PSS and USS need a walk through all page tables of a process (about 1 ms for 100 MB), during
// which it can hardly map memory. So one process a tick is asked, in turn, those never asked first,
// and all together at most a 2,500th of the time: a value may be twice as many seconds old as there
// are processes.
//
// voluntary_switches and involuntary_switches are the main thread's: the kernel has no sum.
//
// Threads: one. Time: about 25 us a process on full ticks, beside what ProcessTree takes. Failure:
// unavailable["processes"] where /proc cannot be read; a process that ends while it is read is left
// out; figures that may not be read are absent.
class ProcessCollector : public Collector {
 public:
  // `server_pid`: the command that `stirbar run` started. `proc`: another directory in tests.
  explicit ProcessCollector(std::optional<uint32_t> server_pid, std::string proc = "/proc",
                            uint32_t own_pid = static_cast<uint32_t>(getpid()));

  std::string_view name() const override { return "processes"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  // What is kept of a process from one full tick to the next.
  struct Kept {
    uint64_t start_ticks = 0;
    uint64_t cpu_ticks = 0;
    uint64_t read_ns = 0;
    bool mapping_asked = false;  // an attempt at smaps_rollup was made
    std::optional<uint64_t> pss_bytes;
    std::optional<uint64_t> uss_bytes;
  };

  void Measure(const Tick& tick, const Sample& sample);
  std::vector<uint32_t> Roots(const Sample& sample);
  void AddMasters(const Sample& sample, std::vector<ProcessStat>* tree) const;
  ProcessSample Describe(const ProcessStat& stat, uint64_t now_ns);
  void AskForMapping(uint64_t now_ns);
  void ReadMapping(ProcessSample* process);

  const std::string proc_;
  const uint32_t own_pid_;
  const bool counts_descriptors_;  // the size of /proc/PID/fd may be their number
  const double ticks_per_second_;
  std::optional<uint32_t> server_pid_;
  std::optional<uint64_t> server_start_ticks_;
  ProcessTree tree_;
  std::unordered_map<uint32_t, Kept> kept_;      // by pid
  std::unordered_map<uint32_t, Kept> kept_now_;  // replaces it at the end of a full tick
  uint32_t mapping_pid_ = 0;                     // asked last
  uint64_t mapping_not_before_ns_ = 0;

  std::vector<ProcessSample> processes_;  // by pid
  ProcessSample supervisor_;
  std::string failure_;  // empty: none
};

}  // namespace stirbar
