// Recycles a worker for its memory: a replacement, recorded with what it gave back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/mitigate/worker_replacement.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// For the memory emergency and the operator. The action says what the workers held together before,
// and again when the successor serves (or none has come within 30 s); it helped when at least half
// of what was expected came back.
//
// Expected is what the worker holds beyond a fresh one: the least that any worker was seen with
// when it was new. Of workers that were old already when the supervisor began, 64 MB count as
// fresh.
//
// Threads: one. Time: never waits.
class WorkerRecycler : public Mitigator {
 public:
  struct Parts {
    Segment& segment;
    WorkerReplacement& replacement;
    ActionSink& actions;
  };
  explicit WorkerRecycler(const Parts& parts)
      : segment_(parts.segment), replacement_(parts.replacement), actions_(parts.actions) {}

  void Act(const Sample& sample, const Evaluation& evaluation) override;

  // What recycling `worker` is expected to give back.
  double ExpectedGain(const WorkerSample& worker) const;

  struct Request {
    std::string reason;
    std::string actor;  // empty: Stirbar by itself
  };
  // False: the worker has ended meanwhile. Precondition: as WorkerReplacement::Begin.
  bool Begin(const WorkerSample& worker, const Request& request, const Sample& sample);
  // Only says what would have been done, or why it is not.
  void Withhold(const WorkerSample& worker, const Request& request, const std::string& why);

  // From Begin() until its effect has been measured.
  bool IsUnderWay() const { return running_.has_value(); }
  // Of the newest one that is over.
  bool helped() const { return helped_; }
  const ReplacementBudget& budget() const { return replacement_.budget(); }

 private:
  struct Running {
    ActionSample action;
    double expected_bytes = 0;
    std::optional<WorkerReplacement::Outcome> outcome;  // absent: it has not ended
  };
  void LearnFresh(const Sample& sample);
  void Close(const Sample& sample);

  Segment& segment_;
  WorkerReplacement& replacement_;
  ActionSink& actions_;
  std::map<uint64_t, bool> seen_;  // incarnations whose first size has been learned
  std::optional<uint64_t> fresh_bytes_;
  std::optional<Running> running_;
  bool helped_ = true;
};

}  // namespace stirbar
