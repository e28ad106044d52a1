// Which segment a command means, and what the supervisor last left in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "segment/mapping.h"

namespace stirbar {

struct FoundSegment {
  std::string path;
  std::string app_name;
  bool has_supervisor = false;
  uint32_t workers = 0;
  Nanoseconds age{};
};

// All segments of this user that can be read.
std::vector<FoundSegment> ListSegments();

// Removes segments whose supervisor and workers are all gone: left by a launcher that was killed.
void RemoveDeadSegments();

// The segment at `path`, or with the app name `name`, or the only one. Failure: says which there
// are.
Result<std::unique_ptr<SegmentMapping>> FindSegment(const std::string& path,
                                                    const std::string& name);

// Whether a supervisor beats in it now.
bool IsWatched(const SegmentMapping& mapping);

// The newest snapshot (JSON text). Failure: there is none, or its supervisor has been silent for
// more than 3 s; says since when.
Result<std::string> FreshSnapshot(const SegmentMapping& mapping);

}  // namespace stirbar
