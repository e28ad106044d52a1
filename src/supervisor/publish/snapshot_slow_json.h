// The part of the snapshot that shows the slow and the stuck requests, with their stacks.
#pragma once

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Frames of one stack that are shown. Deeper ones (recursion; Flask itself takes 15 to 25) lose
// their middle: one frame without file says how many are left out.
inline constexpr size_t kFramesShown = 64;

struct SlowLeftOut {
  size_t details = 0;   // requests shown without stack and statements
  size_t requests = 0;  // requests not shown
};

// Writes the field `slow_requests` into the object that `json` is in, newest last. The newest are
// shown whole while they take no more than three quarters of `most_bytes`, those before them
// without stack and statements, and none beyond `most_bytes`.
SlowLeftOut WriteSlowRequests(const Sample& sample, size_t most_bytes, size_t longest_text,
                              JsonWriter* json);

// The fields of `stack`, cut as said above.
void WriteFrames(std::string_view key, const std::vector<FrameSample>& stack, JsonWriter* json);

}  // namespace stirbar
