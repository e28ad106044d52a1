// Memory is short: asks one worker at a time to collect garbage and to give free memory back.
#pragma once

#include <optional>

#include "supervisor/supervisor.h"

namespace stirbar {

// Gives the directive `cleanup` to the worker with the largest resident set while the rule `memory`
// is entered and cleanup_enabled is on, at most one at a time and once every monitoring_interval.
// What came of it is noted as an event with the bytes given back and the time taken.
//
// Brake: a cleanup that gave back less than 1 % of the worker's memory did not help; the pause
// doubles with each such one, up to 10 minutes, because a full garbage collection stops the worker.
//
// Failure: a worker that does not answer within 30 s is counted as not helped.
class CleanupMitigator : public Mitigator {
 public:
  explicit CleanupMitigator(Segment& segment) : segment_(segment) {}
  void Act(const Snapshot& snapshot) override;

 private:
  struct Order {
    uint32_t slot = 0;
    uint64_t incarnation = 0;
    uint32_t pid = 0;
    uint64_t number = 0;
    uint64_t given_ns = 0;
    uint64_t rss_bytes = 0;
  };

  // What the worker answered.
  struct Effect {
    bool answered = false;
    uint64_t reclaimed_bytes = 0;
    uint64_t duration_ns = 0;
  };

  void Give(const WorkerSample& worker, uint64_t now_ns);
  void Check(const Snapshot& snapshot);
  void Close(const Order& order, const Effect& effect, const Snapshot& snapshot);

  Segment& segment_;
  std::optional<Order> open_;
  uint64_t next_ns_ = 0;
  double pause_factor_ = 1;
};

// The worker whose memory a cleanup should reduce first: alive, able to answer, largest resident
// set. Null: none. `verdicts` are those of `workers`, in the same order.
const WorkerSample* WorstByMemory(const std::vector<WorkerSample>& workers,
                                  const std::vector<WorkerVerdict>& verdicts);

}  // namespace stirbar
