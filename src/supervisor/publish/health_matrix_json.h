#pragma once

#include <string>

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// GET /api/v1/health: each component of the app with its state, why, since when, what it depends on
// and what each worker has to do with it; the probes and the groups.
std::string HealthMatrixJson(const Snapshot& snapshot);

// Members "dependencies" and "groups", which the snapshot shows too.
void WriteDependencies(const Assessment& assessment, size_t most, JsonWriter* json);
void WriteGroups(const Assessment& assessment, JsonWriter* json);

}  // namespace stirbar
