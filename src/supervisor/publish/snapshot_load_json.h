// The parts of the snapshot that say what waits, what is refused and why, and whom the app calls.
// Each writes one field into the object that `json` is in.
#pragma once

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

void WriteTraffic(const Snapshot& snapshot, JsonWriter* json);
// The most called first, at most `most`.
void WriteHosts(const Sample& sample, size_t most, JsonWriter* json);

}  // namespace stirbar
