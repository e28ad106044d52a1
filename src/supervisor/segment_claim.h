// Becomes the one supervisor of a segment.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "segment/mapping.h"

namespace stirbar {

// Locks `path`, made when it is missing (0600). The lock goes with the process; the descriptor is
// never closed. -1: another process holds it.
Result<int> TakeLock(const std::string& path);

// The mapping of the segment at `path`, made anew for `app_name` where it is missing. One that is
// refused is put aside as PATH.refused, with the reason in the log and in the new one's events.
Result<std::unique_ptr<SegmentMapping>> TakeSegment(const std::string& path,
                                                    const std::string& app_name);

}  // namespace stirbar
