#pragma once

#include <cstddef>

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Adds the field "databases": what MySQL and MariaDB servers say of themselves. A server that does
// not answer has null for everything that is so only for a moment. Of the statements that run for
// long at most `most_statements` are shown for each server, the oldest.
void WriteDatabases(const Sample& sample, size_t most_statements, JsonWriter* json);

}  // namespace stirbar
