// What is new in the history since a position: for an export that follows it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "supervisor/publish/history_figures.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Up to where it was read.
struct HistoryPosition {
  int64_t figures = 0;  // seconds since 1970: rows that begin before are done
  uint64_t record = 0;  // number of the newest one that is done, and its time: a file that begins
                        // anew has other records under the same numbers
  uint64_t record_wall_ns = 0;
};

struct HistoryNewsQuery {
  HistoryPosition position;
  uint32_t resolution_seconds = 60;  // of kHistoryLevels
  int64_t now = 0;                   // seconds since 1970
  size_t most_rows = 20;
  size_t most_records = 200;
};

struct HistoryNews {
  std::vector<std::pair<int64_t, HistoryFigures>> rows;  // by the time they begin, oldest first
  std::vector<HistoryRecord> records;                    // oldest first
  HistoryPosition after;
  uint64_t forgotten = 0;       // records that the history has let go before they were read
  uint64_t waiting = 0;         // lines from the position on, with those of this answer
  uint64_t oldest_wall_ns = 0;  // of them: when it was to be had; 0: none waits
};

// A position that lies in the future (the clock was set back), or in another file, is put where
// things go on; some of what was done comes again then. Threads: any, one call at a time. Time: as
// the disk takes; a few milliseconds. Failure: there is no history, or it cannot be read.
Result<HistoryNews> ReadNews(const std::string& path, const HistoryNewsQuery& query);

}  // namespace stirbar
