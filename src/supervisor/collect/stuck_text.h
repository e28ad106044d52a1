// The line that says what a stuck request hangs in.
#pragma once

#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// The innermost frame that is neither of the standard library nor of an installed package; the
// innermost of all where there is no such frame; null where there is none at all.
const FrameSample* OwnFrame(const std::vector<FrameSample>& frames);

// "GET /x has run for 31 s in worker 1 (pid 4711), thread 4711: in app.py:42 wait_for_it;
// interpreter lock held by thread 4711; holds a connection since 3.0 s". `stuck` is a record of a
// running request, `request` what was known of it at that moment.
std::string StuckText(const SlowRequestSample& stuck, const InFlightSample& request);

}  // namespace stirbar
