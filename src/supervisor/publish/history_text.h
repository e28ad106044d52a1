// Answers from the history as JSON, for charts, and as CSV, for spreadsheets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "supervisor/publish/history_reader.h"
#include "supervisor/publish/json_writer.h"

namespace stirbar {

// One array a series, in which null is a gap. Shape: docs/openapi.yaml, HistoryRange.
std::string RangeJson(const HistoryAnswer& answer);
// One line a point: time (RFC 3339), and of each metric mean, min and max. Empty: not measured.
std::string RangeCsv(const HistoryAnswer& answer);
// {"records": [...], "before": number to go on from, or null}
std::string RecordsJson(const std::vector<HistoryRecord>& records, size_t most);
std::string RoutesJson(const std::vector<RouteHistory>& routes, const HistoryRange& range);
// Its fields, into an object: bytes, records, routes, resolutions.
void AddInfo(const HistoryInfo& info, JsonWriter* json);
// The field `exports`.
void AddExports(const std::vector<ExportSample>& exports, JsonWriter* json);

// Words of a query to values. Failure: names the field, the value and what is allowed.
// Seconds since 1970: "1763913598", "1763913598.5", "2026-11-29T13:00:00Z", "...+01:00".
Result<int64_t> ParseTime(std::string_view field, std::string_view text);
// "memory_bytes,request_seconds" into `query`; empty: all.
Result<bool> ParseMetrics(std::string_view text, HistoryQuery* query);

struct RangeWords {
  std::optional<std::string> from;
  std::optional<std::string> until;
  std::optional<std::string> step;
};
// Without words the last hour up to `now`. `most`: points between.
Result<HistoryRange> ParseRange(const RangeWords& words, int64_t now, int64_t most);

}  // namespace stirbar
