#include "load_generator/schedule.h"

#include <algorithm>
#include <cmath>

namespace stirbar {

Schedule::Schedule(const Plan& plan)
    : phases_(plan.phases), arrivals_(plan.arrivals), random_(plan.seed) {
  double sum = 0;
  for (const WeightedRoute& route : plan.routes) shares_.push_back(sum += route.weight);
}

std::optional<Arrival> Schedule::Next() {
  for (; phase_ < phases_.size(); ++phase_) {
    const Phase& phase = phases_[phase_];
    if (phase.burst > 0) {
      if (sent_ < phase.burst) {
        ++sent_;
        return Arrival{phase_begins_, phase_, Route()};
      }
    } else {
      // A Poisson phase begins with a gap too, else each phase would begin with a request.
      if (sent_ > 0 || arrivals_ == Arrivals::kPoisson) offset_ += Gap(phase.rate);
      if (offset_ < phase.duration) {
        ++sent_;
        return Arrival{phase_begins_ + offset_, phase_, Route()};
      }
    }
    phase_begins_ += phase.duration;
    offset_ = std::chrono::nanoseconds{0};
    sent_ = 0;
  }
  return std::nullopt;
}

std::chrono::nanoseconds Schedule::Gap(double rate) {
  const double mean_ns = 1e9 / rate;
  if (arrivals_ == Arrivals::kUniform) {
    return std::chrono::nanoseconds(static_cast<int64_t>(mean_ns));
  }
  std::exponential_distribution<double> gap(1 / mean_ns);
  return std::chrono::nanoseconds(static_cast<int64_t>(gap(random_)));
}

size_t Schedule::Route() {
  if (shares_.size() == 1) return 0;
  const double drawn = std::uniform_real_distribution<double>(0, shares_.back())(random_);
  const auto found = std::upper_bound(shares_.begin(), shares_.end(), drawn);
  return std::min<size_t>(found - shares_.begin(), shares_.size() - 1);
}

}  // namespace stirbar
