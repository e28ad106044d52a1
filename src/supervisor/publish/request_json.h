// What requests in flight, slow requests and stacks have in common in JSON.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// "3:17:81234567890123": worker slot, index in its table, and begin (monotonic nanoseconds). Names
// one request for as long as the segment lives, in flight and after it.
std::string RequestId(uint32_t slot, uint32_t index, uint64_t started_ns);

// The object `key` with one member for each Part, by its name.
void WriteParts(std::string_view key, const std::array<double, kParts>& seconds, JsonWriter* json);
void WriteParts(std::string_view key, const std::array<uint32_t, kParts>& calls, JsonWriter* json);

// An element of an array of frames; line null: not known.
void WriteFrame(const FrameSample& frame, JsonWriter* json);

}  // namespace stirbar
