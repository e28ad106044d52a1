#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "supervisor/collect/sock_diag.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// The app's listening sockets and how many connections wait in each: Sample::listeners. A socket is
// the app's when one of Sample::processes holds it, so this comes after ProcessCollector.
//
// The descriptors of a process are looked at when it is new, all of them every 10 s, and every tick
// while no listener is known (a server that is just starting). The depths are asked for at every
// full tick, and while the app is loaded (half of its request slots busy, requests waiting, or an
// order of overload control in force, at the tick before) at every tick.
//
// Threads: one. Time: 30 to 60 us on full ticks and 1.5 us a descriptor when they are looked at; at
// most 50 ms where the kernel does not answer. Failure: unavailable["listeners"] where the kernel
// does not answer (sandboxes without sock_diag), or where no listener is found and some process did
// not let its descriptors be read; the listeners of a family that was answered are there.
class ListenerCollector : public Collector {
 public:
  // `left_out`: inodes of the supervisor's own listening sockets, which the app may have inherited.
  explicit ListenerCollector(std::vector<uint64_t> left_out, std::string proc = "/proc");

  std::string_view name() const override { return "listeners"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  struct Held {  // by one process
    uint64_t start_ticks = 0;
    std::vector<uint64_t> inodes;
    std::string failure;  // empty: none
  };

  // True: the descriptors of a process were looked at.
  bool UpdateHeld(const Tick& tick, const std::vector<ProcessSample>& processes);
  void UpdateInodes();
  void AskDepths();
  // Depth and backlog of the listeners that are known.
  void RenewDepths();

  const std::vector<uint64_t> left_out_;
  const std::string proc_;
  SockDiag sock_diag_;
  std::map<uint32_t, Held> held_;  // by pid
  std::vector<uint64_t> inodes_;   // of all sockets of the app, ascending, each once
  uint64_t looked_ns_ = 0;         // at the descriptors of all

  std::vector<ListenerSample> listeners_;
  std::string failure_;  // empty: none
};

}  // namespace stirbar
