// The history as JSON: one array a series, as charts want it. Shape: tests/data/history.json.
#pragma once

#include <span>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// `points` oldest first, one a second; `time` is seconds since 1970, not measured is null.
std::string HistoryJson(std::span<const HistoryValues> points);

}  // namespace stirbar
