// GET /api/v1/alerts; and what the snapshot says of alerting.
#pragma once

#include <string>

#include "supervisor/publish/alert_desk.h"
#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

std::string AlertsJson(const AlertDesk& desk, const Settings& settings, uint64_t wall_ns);

// "alerting": {...} of the snapshot: the sinks and the counts.
void WriteAlerting(const AlertingSample& alerting, JsonWriter* json);

}  // namespace stirbar
