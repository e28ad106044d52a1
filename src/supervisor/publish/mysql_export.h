// Copies the history into tables of a MySQL or MariaDB server: what is rolled up to
// `resolution_seconds`, and the records.
//
// It follows the history's own file, and so has all the time that this keeps: a server that is down
// for a week gets that week afterwards, in batches, and costs no memory. How far it is stands in a
// file (export_position.h), written after the server has taken a batch. A supervisor killed between
// the two sends that batch again; the keys of the tables make nothing of it.
//
// A batch is kRowsOfBatch intervals (some 35 rows each) and kRecordsOfBatch records; between two of
// them it waits kBetweenBatches, so that catching up leaves the server to others.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "supervisor/publish/history_export.h"
#include "supervisor/publish/sql_connection.h"

namespace stirbar {

inline constexpr size_t kRowsOfBatch = 20;
inline constexpr size_t kRecordsOfBatch = 200;

struct MySqlExportSource {
  std::string history;   // the file that is followed; empty: there is none
  std::string position;  // the file that says how far
  std::chrono::milliseconds between_looks{2000};
};

std::unique_ptr<HistoryExport> MakeMySqlExport(const ExportOptions& options,
                                               const ExportOrigin& origin,
                                               const MySqlExportSource& source,
                                               SqlConnector connector);

}  // namespace stirbar
