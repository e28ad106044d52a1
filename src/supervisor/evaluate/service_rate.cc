#include "supervisor/evaluate/service_rate.h"

#include <chrono>
#include <cmath>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr double kHalfLifeSeconds = 5;
constexpr Nanoseconds kWindow = std::chrono::seconds(2);  // of served_per_second
constexpr Nanoseconds kRemembered = std::chrono::seconds(60);

}  // namespace

double ServiceRate::Update(const LoadFigures& figures, bool held) {
  const uint64_t now_ns = figures.now_ns;
  const double seconds = Seconds(AgeOf(last_ns_, now_ns));
  last_ns_ = now_ns;
  if (figures.waiting == 0) {
    waiting_since_ns_ = 0;
  } else if (waiting_since_ns_ == 0) {
    waiting_since_ns_ = now_ns;
  }
  if (held || IsFull(figures)) wanted_ns_ = now_ns;
  if (AgeOf(wanted_ns_, now_ns) > kRemembered) {
    rate_ = kNotMeasured;
    return rate_;
  }
  const double served = figures.served_per_second;
  const bool proves_less = waiting_since_ns_ != 0 && AgeOf(waiting_since_ns_, now_ns) >= kWindow;
  if (std::isnan(rate_)) {
    if (proves_less) {
      rate_ = served;
      return rate_;
    }
    return figures.mean_seconds > 0 ? SlotsOf(figures) / figures.mean_seconds : kNotMeasured;
  }
  // After a hang, in which nothing ended, the first figures are believed at once.
  if (served > 2 * rate_) rate_ = served;
  if (served > rate_ || proves_less) {
    rate_ += (served - rate_) * (1 - std::exp2(-seconds / kHalfLifeSeconds));
  }
  return rate_;
}

}  // namespace stirbar
