// What the commands share that show a part of the newest snapshot.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"
#include "segment/mapping.h"
#include "supervisor/cli/commands.h"

namespace stirbar {

// The newest snapshot, read. Failure: as FreshSnapshot (segment_finder.h), or it is no JSON object.
Result<boost::json::object> ParsedSnapshot(const SegmentMapping& mapping);

// Prints `answer` as one line.
void PrintJson(const boost::json::object& answer);

// Says why there is no answer: {"error": "..."} on stdout for programs, a line on stderr for
// people. Returns the exit status.
int FailView(const ViewOptions& options, const std::string& reason);

}  // namespace stirbar
