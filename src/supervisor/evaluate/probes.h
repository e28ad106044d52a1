// The answers of /health/live, /health/ready and /health/startup. Databases and other hosts never
// matter here: an orchestrator that restarts every app because the database is down makes it worse.
//
//            503 when
//   startup  no worker serves yet, and none has. A server in which no worker ever reports (not
//            Python, or the probe cannot load) is taken as started once a socket listens
//   ready    not started; the server has ended; no worker can answer; or nothing gets done: no
//            request has ended for 5 s while connections wait and every worker is stuck or hung
//   live     the server has ended; no worker process for 30 s; or every worker hung for hang_limit
//
// They look at the moment, not at findings: traffic comes back as soon as a worker answers.
#pragma once

#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// What one sample cannot tell, kept by the evaluator.
struct Presence {
  double watched_seconds = 0;         // since this supervisor's first sample
  double without_worker_seconds = 0;  // since a worker process was last alive, or watched_seconds
};

ProbeAnswer Startup(const Sample& sample, const Presence& presence);
ProbeAnswer Ready(const Sample& sample, const std::vector<WorkerVerdict>& verdicts,
                  const Presence& presence);
ProbeAnswer Live(const Sample& sample, const std::vector<WorkerVerdict>& verdicts,
                 const Presence& presence);

}  // namespace stirbar
