// Ends one worker, so that its server starts another: SIGTERM, by which gunicorn's and uWSGI's
// workers end their requests and leave, then SIGKILL.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "supervisor/mitigate/replacement_budget.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// For all who replace workers: the ladder of stuck requests, the memory emergency, the operator.
// One at a time; who may be replaced is the budget's to say.
//
// Before each signal the process is made sure to be the worker, by its start time: pids are used
// again.
//
// As a Mitigator it goes first, so that the others find what has become of theirs.
//
// Owns: nothing of the segment; it must outlive this. Threads: one. Time: never waits.
class WorkerReplacement : public Mitigator {
 public:
  struct Outcome {
    bool killed = false;  // it had not left when its time was over
    double seconds = 0;   // from the first signal on
  };
  using Ended = std::function<void(const Sample& sample, const Outcome& outcome)>;

  explicit WorkerReplacement(Segment& segment) : segment_(segment) {}

  void Act(const Sample& sample, const Evaluation& evaluation) override;

  struct Order {
    uint32_t slot = 0;
    uint32_t pid = 0;
    double drain_seconds = 0;  // between the signals
  };
  // Begins, and calls `ended` in the Act() that finds it over. False: the worker has ended since
  // the sample was taken, and nothing was done. Precondition: budget().IsFree() and no WhyNot().
  bool Begin(const Order& order, const Sample& sample, Ended ended);

  bool IsUnderWay() const { return job_.has_value(); }
  const ReplacementBudget& budget() const { return budget_; }

 private:
  struct Job {
    ProcessIdentity worker = 0;
    double drain_seconds = 0;
    uint64_t began_ns = 0;
    bool killed = false;
    Ended ended;
  };

  Segment& segment_;
  ReplacementBudget budget_;
  std::optional<Job> job_;
};

}  // namespace stirbar
