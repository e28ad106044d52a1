// Carries out what an operator asks for by POST /api/v1/actions.
#pragma once

#include <string>

#include "supervisor/mitigate/cleanup_mitigator.h"
#include "supervisor/mitigate/worker_recycler.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// An operator is held by the same brakes as Stirbar itself: one cleanup and one replacement at a
// time, replacements_per_hour, never the last worker that can answer, nothing under observe_only
// (a dry run is always allowed). The modes of the steps hold, too.
//
// Owns: nothing; both must outlive it.
class OperatorActions : public ActionTaker {
 public:
  OperatorActions(CleanupMitigator& cleanup, WorkerRecycler& recycler)
      : cleanup_(cleanup), recycler_(recycler) {}

  Result<std::string> Ask(const ActionRequest& request, const Snapshot& snapshot) override;

 private:
  Result<std::string> Clean(const ActionRequest& request, const Snapshot& snapshot);
  Result<std::string> Recycle(const ActionRequest& request, const Snapshot& snapshot);

  CleanupMitigator& cleanup_;
  WorkerRecycler& recycler_;
};

}  // namespace stirbar
