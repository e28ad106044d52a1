// The snapshot as JSON: what GET /api/v1/snapshot, the event stream, the pages in the Flask app and
// `stirbar status --json` show. Its shape is fixed by tests/data/snapshot.json and
// docs/openapi.yaml.
//
// Not measured is null, times are RFC 3339 in UTC with milliseconds, durations are seconds, and
// switches among the settings are 0 or 1 like everywhere else.
#pragma once

#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// Always fits into SnapshotBank (kSnapshotBytes), so that every face shows the same text: requests
// in flight and slow requests get 128 KiB each, and the routes what the rest leaves (about 700 in
// calm times): the least used are left out and `unavailable.routes` says how many; /metrics has
// them all. Where even that is not enough (hundreds of long texts in a great outage, noise in the
// segment), fewer of all are shown and long texts are cut. `unavailable.details` says what is
// missing. Time: about 1 us a route and 5 us a stack.
std::string SnapshotJson(const Snapshot& snapshot);

}  // namespace stirbar
