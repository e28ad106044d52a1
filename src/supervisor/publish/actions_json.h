// What was done to the app, as JSON.
#pragma once

#include <string>

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// "actions": the newest `most`, newest first; "emergency": what is done about critical memory now.
void WriteActions(const Sample& sample, size_t most, JsonWriter* json);
// "caches": those registered by the app, by name, at most `most`.
void WriteCaches(const Sample& sample, size_t most, JsonWriter* json);

// The body of GET /api/v1/actions.
std::string ActionsJson(const Sample& sample);

}  // namespace stirbar
