// The result of a run as JSON.
//
//   {"phases": [{"phase": "8x@20s", "seconds", "all": SUMMARY, "routes": {"/work": SUMMARY, ...}},
//   ...],
//    "series": [{"second": 0, "phase": 0, ...SUMMARY}, ...],    by the second in which each was due
//    "complaints": {"status 500": 3},                           of what is counted as failed
//    "generator": {"lag_p99_seconds", "lag_max_seconds"}}       how late it was itself
//
//   SUMMARY: {"offered", "in_time", "late", "refused", "not_connected", "reset", "gave_up",
//   "failed",
//             "accepted_seconds": {"p50", "p95", "p99", "max"}, "refused_seconds": {...}}
//
// Latencies count from the time at which a request was due; null where there were none.
#pragma once

#include <boost/json/object.hpp>

#include "load_generator/plan.h"
#include "load_generator/run.h"

namespace stirbar {

boost::json::object Report(const Plan& plan, const RunResult& result);

}  // namespace stirbar
