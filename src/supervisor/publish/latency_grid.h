// How the durations of requests were spread over the last 15 minutes, for the heat map: a grid of
// 90 columns of 10 s by 22 rows of durations, for the whole app and for each route.
//
// A row joins six buckets of the histogram (3/4 of an octave): 1.05 ms, 1.84 ms, 3.15 ms, ... 60 s;
// the first row begins at 0, the last one has no end.
//
// Memory: 90 x 22 counts of 4 bytes are 7,920 bytes a grid. The app and the 256 most used routes
// have one: 2.0 MB at most. Of each further route there are 200 bytes, for the day it gets busier:
// 0.4 MB for 2,048 routes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "supervisor/supervisor.h"

namespace stirbar {

inline constexpr size_t kLatencyColumns = 90;
inline constexpr uint64_t kLatencyColumnNs = 10'000'000'000;
inline constexpr size_t kLatencyRows = 22;
inline constexpr size_t kLatencyRoutes = 256;  // that have a grid of their own

// The durations above which a row ends; the last row has the longer ones too.
std::array<double, kLatencyRows> LatencyBounds();

// Counts by column, oldest first, and row.
using LatencyCounts = std::array<std::array<uint32_t, kLatencyRows>, kLatencyColumns>;

struct LatencyView {
  // When each column began, seconds since 1970. What lies before the supervisor's start has no
  // counts.
  std::array<uint64_t, kLatencyColumns> time{};
  LatencyCounts counts{};
};

// Fed by the full ticks, from what has been added to RouteSample::totals since the one before; what
// had been counted before the first one belongs to no column.
//
// Threads: the event loop's. Time: about 0.5 us a route and tick.
class LatencyGrid : public Publisher {
 public:
  LatencyGrid();
  ~LatencyGrid() override;
  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override;

  LatencyView App() const;

  enum class Found {
    kYes,
    kUnknown,  // no such route has been seen
    kLeftOut,  // 256 others are more used
  };
  // The grid of the route with this label ("GET /item/<int:id>"). `view` is written for kYes.
  Found Route(std::string_view label, LatencyView* view) const;

 private:
  struct Grid;
  struct Tracked;
  using RowCounts = std::array<uint64_t, kLatencyRows>;

  LatencyView View(const Grid* grid) const;
  void GoTo(uint64_t column);
  Tracked& Track(const RouteSample& route);
  // The route's own grid; null when 256 others had more in 15 minutes than its `requests` now.
  Grid* GridOf(Tracked& route, uint64_t requests);
  Tracked* LeastUsed();

  // Number of the newest: monotonic time / kLatencyColumnNs, and a grid's length more, so that what
  // is older has a number too on a machine that has just been switched on.
  uint64_t column_ = kLatencyColumns;
  uint64_t wall_offset_ = 0;  // nanoseconds from the monotonic clock to the wall clock
  bool fed_ = false;
  size_t grids_ = 0;               // of routes
  Tracked* least_used_ = nullptr;  // sought once a tick at most; null: not sought, or gone
  std::unique_ptr<Grid> app_;
  std::unordered_map<uint32_t, Tracked> routes_;  // by RouteSample::id
};

}  // namespace stirbar
