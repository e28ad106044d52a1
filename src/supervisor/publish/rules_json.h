#pragma once

#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// GET /api/v1/rules.
std::string RulesJson(const Snapshot& snapshot);

}  // namespace stirbar
