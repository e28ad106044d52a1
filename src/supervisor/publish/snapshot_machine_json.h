// The parts of the snapshot that the kernel tells: sockets, machine, processes. Each writes its
// fields into the object that `json` is in.
#pragma once

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// At most so many processes: an app may fork without end.
inline constexpr size_t kProcessesShown = 200;

void WriteListeners(const Sample& sample, JsonWriter* json);
void WriteMachine(const MachineSample& machine, JsonWriter* json);
void WriteProcesses(const Sample& sample, JsonWriter* json);  // and the supervisor's own

}  // namespace stirbar
