// The file of the history: where it lies, what is in it, and what is done with one that cannot be
// used.
//
//   meta               application_id 'Stbr', user_version 1 (kHistoryVersion)
//   layout             id, names            lists of metrics; a row of figures refers to one, so
//   that
//                                           a metric added later needs no change of older rows
//   figures_1, _10, _60, _600
//                      time                 where the interval begins, seconds since 1970; the key
//                      layout, seconds      how many of its seconds are in it
//                      metrics, histograms  history_figures.h
//   routes             id, label            "GET /item/<int:id>"
//   routes_60, _600, _3600
//                      route, time          the key: a chart of one route reads neighbours
//                      requests, errors, nanoseconds, histogram
//   records            number, time (ns), kind, severity, name, actor, text, details
//                      source               of an event, which is told again after a restart
//
// SQLite in WAL mode: readers never wait for the writer, and a process that is killed loses at most
// the transaction it was in. `synchronous=NORMAL`: after a power failure the newest minutes may be
// missing, the file is sound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "supervisor/publish/sqlite.h"

namespace stirbar {

inline constexpr int64_t kHistoryApplication = 0x53746272;  // "Stbr"
inline constexpr int64_t kHistoryVersion = 1;

struct OpenedHistory {
  std::unique_ptr<Database> database;
  std::string set_aside;  // what had to be put aside, where, and why; empty: nothing
};

// Opens the file for its one writer, or makes it (0600, the folder 0700). A file that is damaged,
// or somebody else's, is renamed to PATH.corrupt-TIME, one of a newer version to PATH.newer-TIME,
// and a new one is made. Time: a damaged file's check reads all of it, some 0.3 s for 100 MB; that
// is only done when the last writer was killed. Failure: says which file and why.
Result<OpenedHistory> OpenHistory(const std::string& path, uint64_t wall_ns);

// Moves the file, its log and its index aside, as PATH.`why`-TIME. Nobody may have it open. Returns
// the new path.
Result<std::string> SetAside(const std::string& path, const std::string& why, uint64_t wall_ns);

// Opens it to read. Failure: it is not there, or is none of ours, or of another version.
Result<std::unique_ptr<Database>> OpenHistoryToRead(const std::string& path);

// The lock that says who writes: a descriptor, which goes with the process; -1: another process has
// it. Failure: the lock's file cannot be made.
Result<int> LockHistory(const std::string& path);

}  // namespace stirbar
