#include "supervisor/publish/latency_grid.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace stirbar {
namespace {

// The first row ends at 1.05 ms: below it a Flask app has no requests to tell apart.
constexpr size_t kFirstBucketAbove = 1 + 4 * kHistogramParts;
constexpr size_t kBucketsPerRow = 6;

constexpr size_t FirstBucketAbove(size_t row) { return kFirstBucketAbove + row * kBucketsPerRow; }
static_assert(FirstBucketAbove(kLatencyRows - 1) < kHistogramBuckets);
static_assert(HistogramLowerNs(FirstBucketAbove(0)) > 1'000'000 &&
              HistogramLowerNs(FirstBucketAbove(0)) < 1'100'000);
static_assert(HistogramLowerNs(FirstBucketAbove(kLatencyRows - 1)) > 60'000'000'000 &&
              HistogramLowerNs(FirstBucketAbove(kLatencyRows - 1)) < 61'000'000'000);

std::array<uint64_t, kLatencyRows> RowsOf(const HistogramCounts& histogram) {
  std::array<uint64_t, kLatencyRows> rows{};
  size_t bucket = 0;
  for (size_t row = 0; row < kLatencyRows; ++row) {
    const size_t end = row + 1 < kLatencyRows ? FirstBucketAbove(row) : kHistogramBuckets;
    for (; bucket < end; ++bucket) rows[row] += histogram[bucket];
  }
  return rows;
}

}  // namespace

// The columns as a ring: number n lies at n % kLatencyColumns.
struct LatencyGrid::Grid {
  LatencyCounts counts{};
  uint64_t requests = 0;  // in all columns

  void Add(uint64_t column, const RowCounts& added) {
    auto& rows = counts[column % kLatencyColumns];
    for (size_t row = 0; row < kLatencyRows; ++row) {
      const uint64_t room = std::numeric_limits<uint32_t>::max() - rows[row];
      const auto more = static_cast<uint32_t>(std::min(added[row], room));
      rows[row] += more;
      requests += more;
    }
  }
  void Clear(uint64_t column) {
    auto& rows = counts[column % kLatencyColumns];
    requests -= std::accumulate(rows.begin(), rows.end(), uint64_t{0});
    rows.fill(0);
  }
};

struct LatencyGrid::Tracked {
  std::string label;
  RowCounts before{};
  std::unique_ptr<Grid> grid;   // null: no request in any column, or left out
  uint64_t left_out_until = 0;  // column from which on nothing is missing
};

std::array<double, kLatencyRows> LatencyBounds() {
  std::array<double, kLatencyRows> bounds{};
  for (size_t row = 0; row < kLatencyRows; ++row) {
    bounds[row] = static_cast<double>(HistogramLowerNs(FirstBucketAbove(row))) * 1e-9;
  }
  return bounds;
}

LatencyGrid::LatencyGrid() : app_(std::make_unique<Grid>()) {}
LatencyGrid::~LatencyGrid() = default;

void LatencyGrid::Publish(const std::shared_ptr<const Snapshot>& snapshot) {
  const Tick& tick = snapshot->sample.tick;
  if (!tick.full) return;
  wall_offset_ = tick.wall_ns - tick.now_ns;
  GoTo(tick.now_ns / kLatencyColumnNs + kLatencyColumns);
  least_used_ = nullptr;
  for (const RouteSample& route : snapshot->sample.routes) {
    Tracked& tracked = Track(route);
    const RowCounts now = RowsOf(route.totals.histogram);
    RowCounts added{};
    uint64_t requests = 0;
    for (size_t row = 0; row < kLatencyRows; ++row) {
      // A worker's bucket that has wrapped around (4e9 requests) counts as nothing new.
      added[row] = now[row] > tracked.before[row] ? now[row] - tracked.before[row] : 0;
      requests += added[row];
    }
    tracked.before = now;
    if (requests == 0) continue;
    app_->Add(column_, added);
    if (Grid* const grid = GridOf(tracked, requests)) {
      grid->Add(column_, added);
    } else {
      tracked.left_out_until = column_ + kLatencyColumns;
    }
  }
  fed_ = true;
}

void LatencyGrid::GoTo(uint64_t column) {
  const uint64_t first =
      fed_ ? std::max(column_ + 1, column - std::min(column, kLatencyColumns - 1)) : column;
  column_ = column;
  for (uint64_t next = first; next <= column; ++next) {
    app_->Clear(next);
    for (auto& [id, route] : routes_) {
      if (route.grid == nullptr) continue;
      route.grid->Clear(next);
      if (route.grid->requests > 0) continue;
      route.grid.reset();
      --grids_;
    }
  }
}

LatencyGrid::Tracked& LatencyGrid::Track(const RouteSample& route) {
  const auto [found, is_new] = routes_.try_emplace(route.id);
  Tracked& tracked = found->second;
  if (is_new) {
    tracked.label = RouteLabel(route.method, route.id, route.rule);
    // A route that turns up later has all its requests since the tick before.
    if (!fed_) tracked.before = RowsOf(route.totals.histogram);
  }
  return tracked;
}

LatencyGrid::Grid* LatencyGrid::GridOf(Tracked& route, uint64_t requests) {
  if (route.grid != nullptr) return route.grid.get();
  if (grids_ >= kLatencyRoutes) {
    if (least_used_ == nullptr) least_used_ = LeastUsed();
    if (least_used_->grid->requests >= requests) return nullptr;
    least_used_->grid.reset();
    least_used_->left_out_until = column_ + kLatencyColumns;
    least_used_ = nullptr;
    --grids_;
  }
  route.grid = std::make_unique<Grid>();
  ++grids_;
  return route.grid.get();
}

LatencyGrid::Tracked* LatencyGrid::LeastUsed() {
  Tracked* least = nullptr;
  for (auto& [id, route] : routes_) {
    if (route.grid == nullptr) continue;
    if (least == nullptr || route.grid->requests < least->grid->requests) least = &route;
  }
  return least;
}

LatencyView LatencyGrid::App() const { return View(app_.get()); }

LatencyGrid::Found LatencyGrid::Route(std::string_view label, LatencyView* view) const {
  for (const auto& [id, route] : routes_) {
    if (route.label != label) continue;
    if (route.grid == nullptr && route.left_out_until > column_) return Found::kLeftOut;
    *view = View(route.grid.get());
    return Found::kYes;
  }
  return Found::kUnknown;
}

LatencyView LatencyGrid::View(const Grid* grid) const {
  LatencyView view;
  for (size_t i = 0; i < kLatencyColumns; ++i) {
    const uint64_t column = column_ + 1 + i - kLatencyColumns;
    const uint64_t age = (column_ - column) * kLatencyColumnNs;
    const uint64_t newest = (column_ - kLatencyColumns) * kLatencyColumnNs + wall_offset_;
    view.time[i] = newest > age ? (newest - age) / 1'000'000'000 : 0;
    if (grid != nullptr) view.counts[i] = grid->counts[column % kLatencyColumns];
  }
  return view;
}

}  // namespace stirbar
