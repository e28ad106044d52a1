// What the evaluation says, at addresses of its own.
//
//   GET /api/v1/rules            every rule: expression, thresholds, state, value now, since
//   GET /api/v1/recommendations  what to do, ranked, with evidence, effect and command
//   GET /api/v1/health           components x workers, dependencies, probes, groups
//   GET /health/group/NAME       a group of stirbar.toml as application/health+json
#pragma once

#include <vector>

#include "supervisor/publish/api_endpoint.h"

namespace stirbar {

// Adds them to `endpoints`; `groups` gives the names.
void AddEvaluationEndpoints(const std::vector<HealthGroup>& groups,
                            std::vector<ApiEndpoint>* endpoints);

}  // namespace stirbar
