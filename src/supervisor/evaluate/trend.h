// Where a figure is going: the slope of the last 15 minutes that stands out of its noise, or none.
//
// Theil-Sen: the median of the slopes between all pairs of points, which a third of wild points
// does not move; and Sen's bounds of it, from Kendall's test (P. K. Sen, "Estimates of the
// regression coefficient based on Kendall's tau", 1968). There is a trend where both bounds, at 99
// %, lie on one side of 0, and where it has moved the figure by more than anybody would call level.
//
// Points are medians of 30 s: neighbouring seconds are alike, and would pass for more evidence than
// they are.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

struct TrendPoint {
  double seconds = 0;  // of any clock
  double value = 0;    // finite
};

struct Slope {
  double per_hour = kNotMeasured;  // NaN: no trend
  double low = kNotMeasured;       // bounds; also where there is none
  double high = kNotMeasured;
  std::string reason{};  // why there is none
};

// `least_change`: by how much the figure must have moved over the time of the points. Points in the
// order of time; fewer than 8 are too few. Time: n * n / 2 slopes, 30 us for 30 points.
Slope SlopeOf(std::span<const TrendPoint> points, double least_change);

// The trends of memory, latency and queue, from what it is shown once a second.
//
// Threads: one. Time: nothing but a copy a second, 0.2 ms each 30 s.
class TrendWatch {
 public:
  // `past`: points of before, oldest first: those that the segment keeps.
  explicit TrendWatch(const std::vector<HistoryValues>& past = {});

  void Add(const Tick& now, const MetricValues& metrics);
  // Newest figures and slopes; `settings` has the critical thresholds.
  const std::vector<TrendSample>& Trends(const Settings& settings);

 private:
  struct Bucket {
    uint64_t number = 0;  // wall time / 30 s
    std::vector<double> values;
  };
  struct Series {
    MetricId metric;
    Bucket open{};
    std::deque<TrendPoint> points{};  // medians of closed buckets
  };
  void Add(Series* series, uint64_t wall_ns, double value);
  TrendSample Judge(const Series& series, const Settings& settings) const;

  std::vector<Series> series_;
  std::vector<TrendSample> trends_;
  bool changed_ = true;
};

}  // namespace stirbar
