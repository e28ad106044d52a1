// Notices from inside a worker that the supervisor is gone, and starts one where that is the
// worker's duty (Stirbar(app) without `stirbar run`).
#pragma once

#include <cstdint>

#include "probe/probe.h"

namespace stirbar {

class SupervisorWatch {
 public:
  explicit SupervisorWatch(const ProbeOptions& options) : options_(options) {}

  // Called about once a second by the beat thread. A supervisor whose heartbeat is older than 2 s
  // counts as gone: the loss is counted, local defaults hold (no shedding), and with a supervisor
  // command one is started, at most every second, then 2, 4 ... 60 s apart. Of several workers that
  // start one at once, all but one of the new supervisors find the segment's lock taken and end.
  void Check(Attachment* attachment, uint64_t now_ns);

 private:
  void Launch();

  const ProbeOptions& options_;
  bool present_ = false;
  uint64_t next_launch_ns_ = 0;
  uint64_t pause_ns_ = 1'000'000'000;
};

}  // namespace stirbar
