// What `stirbar doctor` finds: the rules that are entered and the advice, worst first, and what it
// could not look at.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace stirbar {

// {"status": "healthy" | "warning" | "critical",
//  "findings": [{"severity", "component", "message", "advice", "effect", "command"}],
//  "not_checked": [text]}
// `message` is the figure, `advice` what to change, `effect` what is expected of it, `command` how;
// each may be null.
//
// `snapshot` is that of GET /api/v1/snapshot, `connections` that of /api/v1/connections; null with
// the reason `no_connections`.
boost::json::object Diagnose(const boost::json::object& snapshot,
                             const boost::json::object* connections,
                             const std::string& no_connections);

// 0 nothing to say, 1 warnings, 2 critical.
int ExitStatusOf(const boost::json::object& diagnosis);

// Lines without their ends; nothing in them steers the terminal.
std::vector<std::string> RenderDiagnosis(const boost::json::object& diagnosis);

}  // namespace stirbar
