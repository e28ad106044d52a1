// The text of GET /api/v1/stacks (docs/openapi.yaml).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// `sample`: what the stacks were read for, which knows the names of the routes.
std::string StacksJson(const std::vector<WorkerStacks>& workers, const Sample& sample,
                       uint64_t wall_ns);

}  // namespace stirbar
