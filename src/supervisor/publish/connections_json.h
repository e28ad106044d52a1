// The text of GET /api/v1/connections (docs/openapi.yaml).
#pragma once

#include <string>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// `connections` may be newer than the snapshot's, and have stacks.
std::string ConnectionsJson(const Snapshot& snapshot,
                            const std::vector<ConnectionSample>& connections);

}  // namespace stirbar
