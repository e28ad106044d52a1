#include "supervisor/evaluate/memory_forecast.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr double kRunningOutSeconds = 5;
constexpr uint64_t kForecastNs = 4'000'000'000;
constexpr double kForecastFromSeconds = 1.5;  // two measurements say nothing of a rate

}  // namespace

void MemoryForecast::Note(double memory_ratio, uint64_t now_ns) {
  if (!(memory_ratio >= 0)) {
    points_.clear();
    return;
  }
  points_.push_back({memory_ratio, now_ns});
  while (points_.front().at_ns + kForecastNs < now_ns) points_.pop_front();
}

double MemoryForecast::SecondsLeft() const {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  if (points_.size() < 3) return kNever;
  const Point& first = points_.front();
  const Point& last = points_.back();
  const double seconds = Seconds(AgeOf(first.at_ns, last.at_ns));
  const double growth = last.ratio - first.ratio;
  if (seconds < kForecastFromSeconds || growth <= 0) return kNever;
  return std::max(1 - last.ratio, 0.0) / (growth / seconds);
}

MemoryOutlook MemoryForecast::Outlook(double warning_threshold) const {
  MemoryOutlook outlook;
  outlook.seconds_left = SecondsLeft();
  outlook.running_out = !points_.empty() && points_.back().ratio >= warning_threshold &&
                        outlook.seconds_left <= kRunningOutSeconds;
  return outlook;
}

}  // namespace stirbar
