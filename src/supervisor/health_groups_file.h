// [health.groups] of stirbar.toml.
//
//   [health.groups]
//   checkout = ["database", "queue"]                              # fails when one is critical
//   deploy = {members = ["ready", "requests"], fails_at = "warning"}
#pragma once

#include <vector>

#include "supervisor/config_file.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// By name. Failure: names file, line and column, and what is allowed.
Result<std::vector<HealthGroup>> HealthGroupsOf(const ConfigFile& file);

}  // namespace stirbar
