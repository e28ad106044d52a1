// What waits to be written to the history, bounded.
#pragma once

#include <algorithm>

#include "supervisor/publish/history_writer.h"

namespace stirbar {

// Fifteen minutes of figures, some 0.4 MB with those of 50 routes.
inline constexpr size_t kPointsQueued = 900;
inline constexpr size_t kRoutesQueued = 900;
inline constexpr size_t kRecordsQueued = 2000;

// Moves `more` behind `batch`; the oldest go when there are too many. Returns how many went.
inline uint64_t Append(HistoryBatch more, HistoryBatch* batch) {
  uint64_t dropped = 0;
  const auto append = [&dropped](auto from, auto* to, size_t most) {
    to->insert(to->end(), std::make_move_iterator(from.begin()),
               std::make_move_iterator(from.end()));
    if (to->size() <= most) return;
    const size_t excess = to->size() - most;
    dropped += excess;
    to->erase(to->begin(), to->begin() + static_cast<std::ptrdiff_t>(excess));
  };
  append(std::move(more.points), &batch->points, kPointsQueued);
  append(std::move(more.routes), &batch->routes, kRoutesQueued);
  append(std::move(more.records), &batch->records, kRecordsQueued);
  return dropped;
}

}  // namespace stirbar
