// Reads the history, beside its writer or without one.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/publish/history_figures.h"
#include "supervisor/publish/history_levels.h"
#include "supervisor/publish/sqlite.h"
#include "supervisor/supervisor.h"

namespace stirbar {

inline constexpr int64_t kHistoryPoints = 2000;  // of one answer

// Figures of a span of time, one point every `step` seconds.
struct HistoryRange {
  int64_t from = 0;   // seconds since 1970, as the next
  int64_t until = 0;  // not in it any more
  int64_t step = 0;   // 0: some 500 points
};

struct HistoryQuery {
  HistoryRange range;
  std::vector<MetricId> metrics;
  std::vector<Spread> spreads;
};

struct Percentiles {
  uint64_t count = 0;
  double p50 = kNotMeasured;
  double p95 = kNotMeasured;
  double p99 = kNotMeasured;
};

// The grid of `range` from its beginning to its end, also where nothing was recorded: there all is
// nothing.
struct HistoryAnswer {
  HistoryRange range;       // as answered: `from` and `step` are multiples of the resolution
  uint32_t resolution = 0;  // seconds of the rows that were read, but for the newest points
  std::vector<MetricId> metrics;
  std::vector<Spread> spreads;
  std::vector<std::vector<MetricBand>> bands;         // by metric, then point
  std::vector<std::vector<Percentiles>> percentiles;  // by spread, then point

  size_t points() const;
  int64_t TimeOf(size_t point) const {
    return range.from + static_cast<int64_t>(point) * range.step;
  }
};

// The routes of a span of time, most requests first.
struct RouteHistory {
  std::string label;
  uint64_t requests = 0;
  uint64_t errors = 0;
  double mean_seconds = kNotMeasured;
  Percentiles durations;
};

struct HistoryInfo {
  struct Level {
    uint32_t seconds = 0;
    int64_t rows = 0;
    int64_t oldest = 0;  // 0: none, as the next
    int64_t newest = 0;
  };
  std::array<Level, kLevels> levels;
  int64_t records = 0;
  int64_t routes = 0;
  uint64_t bytes = 0;
};

// The step for `range` where none is given: a round one, for 250 to 600 points.
int64_t RoundStep(int64_t seconds);

// Threads: one. Time: as LimitTime() says; B12 allows 100 ms for 30 days.
// Failure: in words; a reader that has failed is made anew.
class HistoryReader {
 public:
  // Failure: as OpenHistoryToRead.
  static Result<std::unique_ptr<HistoryReader>> Open(const std::string& path);

  explicit HistoryReader(std::unique_ptr<Database> database);

  // For each of the calls below, as Database::LimitTime(); 0: as long as it takes.
  void LimitTime(uint64_t milliseconds) { limit_ms_ = milliseconds; }

  // Precondition: from < until, and at most kHistoryPoints of step lie between.
  Result<HistoryAnswer> Figures(const HistoryQuery& query);
  // Each row of the finest resolution that reaches back to `range.from` and is no finer than
  // `range.step`, oldest first; the newest ones are finer. For replays.
  Result<uint32_t> ForEach(const HistoryRange& range,
                           const std::function<void(int64_t, const HistoryFigures&)>& visit);
  Result<std::vector<HistoryRecord>> Records(const RecordQuery& query);
  Result<std::vector<RouteHistory>> Routes(const HistoryRange& range, size_t most);
  Result<HistoryInfo> Info();

 private:
  size_t LevelFor(const HistoryRange& range);
  int64_t Oldest(size_t level);
  size_t RouteLevelFor(const HistoryRange& range);
  void Visit(size_t level, const HistoryRange& range, bool histograms,
             const std::function<void(int64_t, const HistoryFigures&)>& visit);
  const LayoutColumns& Layout(int64_t id);
  void Begin();
  Error Failure();

  std::unique_ptr<Database> database_;
  std::map<int64_t, LayoutColumns> layouts_;
  uint64_t limit_ms_ = 0;
};

}  // namespace stirbar
