// The tables that the history is exported to in MySQL and MariaDB, and the statements that fill
// them.
//
//   stirbar_figures      of each interval of each metric: mean, minimum, maximum
//   stirbar_percentiles  of each interval of request_seconds, queue_seconds, pool_wait_seconds
//   stirbar_records      events, alerts, changes of settings, actions, logins
//
// A row is named by its primary key, which is made of what it is about: the same row sent again
// lies over itself. Times are UTC. Texts are written as hexadecimal literals: there is no setting
// of a server and no letter that could end them. docs/history.md shows the tables to their readers.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/publish/history_export.h"
#include "supervisor/publish/history_news.h"

namespace stirbar {

struct ExportTable {
  std::string_view name;
  std::string_view columns;  // of CREATE TABLE
};
inline constexpr size_t kExportTables = 3;
const std::array<ExportTable, kExportTables>& ExportTables();

// `database` must be a name of letters, digits, '_', '-' and '$'.
std::string CreateStatement(const std::string& database, const ExportTable& table);
// Fails where the table is not there.
std::string ProbeStatement(const std::string& database, const ExportTable& table);

struct ExportInto {
  std::string database;
  ExportOrigin origin;
  uint32_t resolution_seconds = 60;
};
// One for each table that gets something.
std::vector<std::string> InsertStatements(const ExportInto& into, const HistoryNews& news);

// `text`, of which at most `most` bytes, as a literal of SQL. Bytes that are no UTF-8 are replaced.
std::string SqlText(std::string_view text, size_t most);
// "'2026-11-23 16:20:00.123456'"
std::string SqlTime(uint64_t wall_ns);

}  // namespace stirbar
