// GET  /api/v1/alerts              AlertsJson
// POST /api/v1/alerts/silences     {"matchers": ["rule=memory"], "seconds": 7200, "comment":
// "..."},
//                                  "start": seconds from now; or {"expire": "ID"}
// POST /api/v1/alerts/acknowledge  {"id": "ID, or rule, or rule/worker", "comment": "..."}, "undo":
// true POST /api/v1/alerts/test         {} or {"sink": "NAME"}
#pragma once

#include <vector>

#include "supervisor/publish/alert_desk.h"
#include "supervisor/publish/api_endpoint.h"

namespace stirbar {

// `desk` must live longer than what is returned.
std::vector<ApiEndpoint> AlertEndpoints(AlertDesk& desk);

}  // namespace stirbar
