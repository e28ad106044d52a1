// The text of GET /api/v1/stacks (docs/openapi.yaml).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

std::string StacksJson(const std::vector<WorkerStacks>& workers, uint64_t wall_ns);

}  // namespace stirbar
