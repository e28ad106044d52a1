// The app's health from its findings: the worst finding decides, for each component and for the
// whole. So what the status says, a finding explains, with one hysteresis for both.
#pragma once

#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// Worst first; within one severity in the given order, that of the rules.
void SortFindings(std::vector<Finding>* findings);

// Fills status, reasons, components and component_reasons from `findings`, which are sorted, and
// `workers`. The components memory, cpu, disk, workers, queue and requests are always there, those
// of other rules only where they have a finding; only unhealthy ones have a reason.
void JudgeHealth(Assessment* assessment);

}  // namespace stirbar
