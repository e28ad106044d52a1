// Times of the command line, and as `stirbar replay` prints them.
#pragma once

#include <string>

#include "base/result.h"

namespace stirbar {

// Seconds since 1970 of "1764417600" or "2026-11-29T12:00:00Z" (UTC; the seconds and the Z may be
// left out). Failure: names the text and what is allowed.
Result<double> ParseTime(const std::string& text);

std::string TimeText(double seconds);  // "2026-11-29 12:00:00"

}  // namespace stirbar
