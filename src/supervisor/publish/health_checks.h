// The `checks` of application/health+json (draft-inadarei-api-health-check-06, section 4).
#pragma once

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Member "checks": each measurement as "component:measurement" with its value and unit; of workers
// one entry each; of a component without a figure of its own "component:state". A component's first
// measurement has its status and its reason.
void WriteChecks(const Snapshot& snapshot, JsonWriter* json);

}  // namespace stirbar
