// What of each snapshot goes into the history.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "supervisor/publish/history_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

inline constexpr size_t kHistoryRoutes = 50;  // of one minute, most used first

// The second to which a tick belongs, when the one before belonged to `previous`: ticks come a
// second apart but not on the second, so two may begin in the same one and none in the next.
int64_t SecondOf(uint64_t wall_ns, int64_t previous);

// By how much the wall clock was set between two ticks, in seconds; 0 where it merely went on.
int64_t ClockJump(const Tick& before, const Tick& now);

// Threads: the event loop's. Time: about 30 us for 200 routes. Keeps the snapshot of the minute's
// beginning, to know what each route has had since.
class HistoryIntake {
 public:
  // Adds to `batch` what is new in the snapshot of a full tick.
  void Take(const std::shared_ptr<const Snapshot>& snapshot, HistoryBatch* batch);

 private:
  using Spreads = std::array<HistogramCounts, kSpreads>;

  HistorySecond PointOf(const Snapshot& snapshot);
  void AddEvents(const Sample& sample, HistoryBatch* batch);
  void AddClockJump(const Tick& tick, HistoryBatch* batch);
  void AddRoutes(const std::shared_ptr<const Snapshot>& snapshot, HistoryBatch* batch);

  Tick last_tick_;
  int64_t last_second_ = 0;
  std::optional<Spreads> totals_;  // since the segment was made, at the tick before
  uint64_t next_event_ = 0;
  std::shared_ptr<const Snapshot> minute_began_;
};

}  // namespace stirbar
