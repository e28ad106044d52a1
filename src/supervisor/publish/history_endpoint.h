// The history in the API; docs/openapi.yaml.
//
//   GET /api/v1/history?from=&until=&step=&metrics=   figures (without a query, or with points=N,
//   the
//                                                     router answers from the segment)
//   GET /api/v1/history/export?format=csv|json&...    the same to be saved, at most 2,000 points
//   GET /api/v1/history/routes?from=&until=&most=     which routes were used, and how slow they
//   were GET /api/v1/history/info                          what is kept, whether it is written, and
//                                                     where else it goes
//   GET /api/v1/records?kind=&name=&from=&until=&before=&most=
#pragma once

#include <vector>

#include "supervisor/publish/api_endpoint.h"
#include "supervisor/publish/history_export.h"
#include "supervisor/publish/history_store.h"

namespace stirbar {

// Both must live longer. Time: as HistoryReader, kReadLimitMs at most.
std::vector<ApiEndpoint> HistoryEndpoints(const HistoryStore& store, const HistoryExports& exports);

}  // namespace stirbar
