// What is to be offered: how many requests a second, for how long, to which routes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stirbar {

// A stretch of time with one rate; or, with `burst`, that many requests at one instant.
struct Phase {
  std::string text;  // as it was given: "8x@20s"
  double rate = 0;   // requests per second
  std::chrono::nanoseconds duration{0};
  uint64_t burst = 0;
};

struct WeightedRoute {
  std::string path;   // "/work?n=1"
  double weight = 1;  // its share of the requests is weight / sum of the weights
};

enum class Arrivals {
  kUniform,  // one every 1/rate seconds
  kPoisson,  // as of many clients that know nothing of each other
};

struct Plan {
  std::vector<Phase> phases;
  std::vector<WeightedRoute> routes;
  Arrivals arrivals = Arrivals::kPoisson;
  uint64_t seed = 1;
};

// No run is longer, so that a slip of the pen loads nobody for days.
inline constexpr std::chrono::hours kLongestRun{1};

// Reads phases that follow each other: "25@12s" (25 requests a second for 12 s: constant rate),
// "0.5x@10s,8x@20s,0.5x@10s" (multiples of `capacity`, requests a second: a step),
// "25@5s,400!,25@5s" (a spike: 400 at once). Failure: names the phase and what is wrong with it.
Result<std::vector<Phase>> ParsePhases(std::string_view text, double capacity);

// Reads "/path" or "/path=WEIGHT"; the weight stands behind the last "=".
Result<WeightedRoute> ParseRoute(std::string_view text);

// The requests that `plan` will offer, on average where arrivals are random.
double ExpectedRequests(const Plan& plan);

// `plan`, or why it is none: it has no phase, no route, lasts too long or offers over `most`.
Result<Plan> CheckPlan(Plan plan, double most);

}  // namespace stirbar
