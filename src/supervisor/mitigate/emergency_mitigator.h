// Carries the memory emergency out: cleans all workers up, then recycles the largest.
#pragma once

#include <string>

#include "supervisor/mitigate/cleanup_mitigator.h"
#include "supervisor/mitigate/emergency_control.h"
#include "supervisor/mitigate/worker_recycler.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// What is done when is the EmergencyControl's; who may be recycled, and how often, is the
// ReplacementBudget's, shared with the ladder of stuck requests.
//
// Nobody is recycled who would give back less than 32 MB and 1 % of the memory limit: then the
// memory is somebody else's, and it would not help.
//
// Each change of state is an event. Threads: one. Time: never waits.
class EmergencyMitigator : public Mitigator {
 public:
  struct Parts {
    Segment& segment;
    CleanupMitigator& cleanup;
    WorkerRecycler& recycler;
  };
  explicit EmergencyMitigator(const Parts& parts)
      : segment_(parts.segment), cleanup_(parts.cleanup), recycler_(parts.recycler) {}

  void Act(const Sample& sample, const Evaluation& evaluation) override;

  // For the pages.
  const EmergencySample& state() const { return shown_; }

 private:
  EmergencyControl::Input InputOf(const Sample& sample, const Evaluation& evaluation) const;
  void Clean(const EmergencyControl::Input& input, const Sample& sample,
             const Evaluation& evaluation);
  void Recycle(const Sample& sample, const Evaluation& evaluation);
  void Show(const Sample& sample, const EmergencyControl::Input& input);

  Segment& segment_;
  CleanupMitigator& cleanup_;
  WorkerRecycler& recycler_;
  EmergencyControl control_;
  EmergencySample shown_;
  std::string figures_;         // "memory 91.2 % (467 of 512 MB) ..."
  bool looks_for_one_ = false;  // somebody is to be recycled, and nobody may be just now
  uint64_t looks_since_ns_ = 0;
};

}  // namespace stirbar
