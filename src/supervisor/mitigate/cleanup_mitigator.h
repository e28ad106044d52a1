// Memory is short: asks one worker at a time to collect garbage and to give free memory back.
#pragma once

#include <optional>

#include "supervisor/mitigate/directive_desk.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Gives the directive `cleanup` to the worker with the largest resident set while the rule `memory`
// is entered and cleanup_enabled is on, at most one at a time and once every monitoring_interval.
// What came of it is noted as an event with the bytes given back and the time taken.
//
// Brake: a cleanup that gave back less than 1 % of the worker's memory did not help; the pause
// doubles with each such one, up to 10 minutes, because a full garbage collection stops the worker.
//
// Failure: a worker that does not answer within 30 s is counted as not helped; one that still has
// another order is asked later.
class CleanupMitigator : public Mitigator {
 public:
  CleanupMitigator(Segment& segment, DirectiveDesk& desk) : segment_(segment), desk_(desk) {}
  void Act(const Sample& sample, const Evaluation& evaluation) override;

 private:
  struct Cleanup {
    Order order;
    uint32_t pid = 0;
    uint64_t rss_bytes = 0;
  };

  // What the worker answered.
  struct Effect {
    bool answered = false;
    uint64_t reclaimed_bytes = 0;
    uint64_t duration_ns = 0;
  };

  void Check(const Sample& sample);
  void Close(const Cleanup& cleanup, const Effect& effect, const Sample& sample);

  Segment& segment_;
  DirectiveDesk& desk_;
  std::optional<Cleanup> open_;
  uint64_t next_ns_ = 0;
  double pause_factor_ = 1;
};

// The worker whose memory a cleanup should reduce first: alive, able to answer, largest resident
// set. Null: none. `verdicts` are those of `workers`, in the same order.
const WorkerSample* WorstByMemory(const std::vector<WorkerSample>& workers,
                                  const std::vector<WorkerVerdict>& verdicts);

}  // namespace stirbar
