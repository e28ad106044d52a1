#include "supervisor/evaluate/trend.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace stirbar {
namespace {

constexpr uint64_t kBucketNs = 30'000'000'000;
constexpr double kBucketSeconds = 30;
constexpr size_t kMostPoints = 30;  // 15 minutes
constexpr size_t kFewestPoints = 8;
constexpr double kConfidence = 2.576;  // standard deviations that 99 % lie within

double Median(std::vector<double>* values) {
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
  std::nth_element(values->begin(), middle, values->end());
  if (values->size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values->begin(), middle)) / 2;
}

// What nobody would call a change over 15 minutes, beside figures of this size: 1 % of the limit or
// of the memory, a tenth of a duration, three connections in a queue.
double LeastChange(MetricId metric, double level) {
  switch (metric) {
    case MetricId::memory_ratio:
      return 0.01;
    case MetricId::memory_bytes:
      return std::max(0.02 * level, 2e6);
    case MetricId::p95_seconds:
      return std::max(0.1 * level, 0.002);
    default:
      return std::max(0.1 * level, 3.0);
  }
}

double CriticalOf(MetricId metric, const Settings& settings) {
  switch (metric) {
    case MetricId::memory_ratio:
      return settings.memory_critical_threshold;
    case MetricId::p95_seconds:
      return settings.slow_request_threshold;
    case MetricId::accept_queue:
      return settings.accept_queue_critical_threshold;
    default:
      return kNotMeasured;
  }
}

double OfPast(MetricId metric, const HistoryValues& values) {
  switch (metric) {
    case MetricId::memory_ratio:
      return values.memory_ratio;
    case MetricId::memory_bytes:
      return values.memory_bytes;
    case MetricId::p95_seconds:
      return values.p95_seconds;
    default:
      return values.accept_queue;
  }
}

}  // namespace

Slope SlopeOf(std::span<const TrendPoint> points, double least_change) {
  Slope slope;
  const size_t count = points.size();
  if (count < kFewestPoints) {
    slope.reason = "too short: " + std::to_string(count) + " of at least " +
                   std::to_string(kFewestPoints) + " half minutes";
    return slope;
  }
  std::vector<double> slopes;
  slopes.reserve(count * (count - 1) / 2);
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      const double seconds = points[j].seconds - points[i].seconds;
      if (seconds > 0) slopes.push_back((points[j].value - points[i].value) / seconds * 3600);
    }
  }
  if (slopes.empty()) {
    slope.reason = "all at one moment";
    return slope;
  }
  std::sort(slopes.begin(), slopes.end());
  const auto n = static_cast<double>(count);
  // Ties are left in: the variance without them is larger, and the bounds the wider.
  const double width = kConfidence * std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
  const auto last = static_cast<double>(slopes.size() - 1);
  const double all = static_cast<double>(slopes.size());
  const auto at = [&](double place) {
    return slopes[static_cast<size_t>(std::clamp(std::round(place), 0.0, last))];
  };
  slope.low = at((all - width) / 2 - 1);
  slope.high = at((all + width) / 2);
  const double median = Median(&slopes);
  const double hours = (points.back().seconds - points.front().seconds) / 3600;
  if (slope.low <= 0 && slope.high >= 0) {
    slope.reason = "noise: anything between the bounds explains it";
  } else if (std::fabs(median) * hours < least_change) {
    slope.reason = "level";
  } else {
    slope.per_hour = median;
  }
  return slope;
}

TrendWatch::TrendWatch(const std::vector<HistoryValues>& past) {
  for (const MetricId metric : {MetricId::memory_bytes, MetricId::memory_ratio,
                                MetricId::p95_seconds, MetricId::accept_queue}) {
    series_.push_back({.metric = metric});
    for (const HistoryValues& values : past) {
      Add(&series_.back(), values.wall_ms * 1'000'000, OfPast(metric, values));
    }
  }
}

void TrendWatch::Add(const Tick& now, const MetricValues& metrics) {
  if (!now.full) return;
  for (Series& series : series_) Add(&series, now.wall_ns, metrics[series.metric]);
}

void TrendWatch::Add(Series* series, uint64_t wall_ns, double value) {
  const uint64_t number = wall_ns / kBucketNs;
  Bucket& open = series->open;
  if (number != open.number) {
    if (!open.values.empty()) {
      series->points.push_back(
          {static_cast<double>(open.number) * kBucketSeconds, Median(&open.values)});
    }
    open = {.number = number, .values = {}};
    // What is older than 15 minutes, and what a clock that was set back has left in the future.
    const double now = static_cast<double>(number) * kBucketSeconds;
    std::erase_if(series->points, [&](const TrendPoint& point) {
      return point.seconds >= now || point.seconds < now - kBucketSeconds * kMostPoints;
    });
    changed_ = true;
  }
  if (std::isfinite(value)) open.values.push_back(value);
}

const std::vector<TrendSample>& TrendWatch::Trends(const Settings& settings) {
  if (!changed_) return trends_;
  changed_ = false;
  trends_.clear();
  for (const Series& series : series_) trends_.push_back(Judge(series, settings));
  return trends_;
}

TrendSample TrendWatch::Judge(const Series& series, const Settings& settings) const {
  TrendSample trend;
  trend.metric = series.metric;
  const std::vector<TrendPoint> points(series.points.begin(), series.points.end());
  if (!points.empty()) {
    trend.now = points.back().value;
    trend.window_seconds = points.back().seconds - points.front().seconds + kBucketSeconds;
  }
  std::vector<double> values;
  for (const TrendPoint& point : points) values.push_back(point.value);
  const double level = values.empty() ? 0 : Median(&values);
  Slope slope = SlopeOf(points, LeastChange(series.metric, level));
  trend.slope_per_hour = slope.per_hour;
  trend.slope_low = slope.low;
  trend.slope_high = slope.high;
  trend.reason = std::move(slope.reason);
  const double critical = CriticalOf(series.metric, settings);
  if (trend.slope_per_hour > 0 && trend.now < critical) {
    trend.reaches_critical_seconds = (critical - trend.now) / trend.slope_per_hour * 3600;
  }
  return trend;
}

}  // namespace stirbar
