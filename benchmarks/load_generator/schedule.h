// When each request is due, fixed before the first one is sent: what the server does cannot hold a
// later request back, and so cannot hide how long it would have waited ("coordinated omission").
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <random>
#include <vector>

#include "load_generator/plan.h"

namespace stirbar {

struct Arrival {
  std::chrono::nanoseconds at{0};  // since the start of the run
  size_t phase = 0;                // index into Plan::phases
  size_t route = 0;                // index into Plan::routes
};

// The arrivals of a plan, in order. The same plan and seed give the same arrivals.
class Schedule {
 public:
  // Precondition: CheckPlan() accepts `plan`.
  explicit Schedule(const Plan& plan);

  // The next one; nothing after the last.
  std::optional<Arrival> Next();

 private:
  std::chrono::nanoseconds Gap(double rate);
  size_t Route();

  std::vector<Phase> phases_;
  std::vector<double> shares_;  // of the routes, summed up: the last one is the sum of all
  Arrivals arrivals_;
  std::mt19937_64 random_;
  size_t phase_ = 0;
  uint64_t sent_ = 0;                         // of this phase
  std::chrono::nanoseconds phase_begins_{0};  // since the start
  std::chrono::nanoseconds offset_{0};        // of the next arrival, since the phase began
};

}  // namespace stirbar
