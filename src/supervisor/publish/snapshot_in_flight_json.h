// The part of the snapshot that shows the requests in flight.
#pragma once

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Writes the field `in_flight` into the object that `json` is in: the oldest first, at most `most`,
// and no further ones once they take `most_bytes`. Returns how many were left out.
size_t WriteInFlight(const Sample& sample, size_t most, size_t most_bytes, JsonWriter* json);

}  // namespace stirbar
