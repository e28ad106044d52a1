// The supervisor's log: lines on stderr, beside the server's own.
#pragma once

#include <string>

#include "segment/layout.h"

namespace stirbar {

// Writes "[stirbar] 2026-11-23 16:20:00.123 warning text". Control characters in `text`, which may
// come from a route, are shown as '?'. Threads: one.
void Log(Severity severity, const std::string& text);

}  // namespace stirbar
