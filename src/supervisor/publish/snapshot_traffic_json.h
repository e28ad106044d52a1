// The parts of the snapshot that grow with the app: workers and routes. Each writes one field into
// the object that `json` is in.
#pragma once

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

void WriteWorkers(const Snapshot& snapshot, JsonWriter* json);

// The busiest first, as many as fit into what the text before has left of kSnapshotBytes. Returns
// how many were left out.
size_t WriteRoutes(const Sample& sample, JsonWriter* json);

}  // namespace stirbar
