#include <algorithm>

#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/route_load.h"
#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
Advice AdviseErrorRate(const Finding& /*finding*/, const RuleInput& input) {
  const std::optional<RouteLoad> route = MostFailingRoute(input.sample);
  if (!route.has_value()) return {};
  return {"Look at the app's log for " + route->route +
              ", where most of the failures are, or roll back what changed there last.",
          route->route + " failed " + NumberText(route->figure) + " of " +
              NumberText(route->requests) + " times, " + PercentText(route->share_ratio) +
              " of all failures"};
}

Advice AdviseStuckRequest(const Finding& finding, const RuleInput& input) {
  const Sample& sample = input.sample;
  const auto oldest = std::find_if(sample.in_flight.begin(), sample.in_flight.end(),
                                   [&](const InFlightSample& request) {
                                     return finding.slot == request.slot && !IsStream(request);
                                   });
  if (oldest == sample.in_flight.end()) return {};
  return {"Give the queries and outgoing calls of " + RequestText(*oldest, sample) +
              " a timeout below " + SecondsText(sample.settings.slow_request_threshold) +
              " (slow_request_threshold), or move the work to a background task.",
          "in phase " + std::string(Name(oldest->phase)) + " for " +
              SecondsText(oldest->phase_age_seconds) + ", thread " +
              std::to_string(oldest->thread)};
}

Advice AdviseSlowRequests(const Finding& /*finding*/, const RuleInput& input) {
  const double threshold = input.sample.settings.slow_request_threshold;
  const std::optional<RouteLoad> route = SlowestRoute(input.sample, threshold);
  if (!route.has_value()) return {};
  return {"Make " + route->route +
              " faster, or move its work to a background task; if it may take "
              "that long, raise slow_request_threshold (now " +
              SecondsText(threshold) + ").",
          route->route + " has " + PercentText(route->share_ratio) + " of the slow requests, p95 " +
              SecondsText(route->p95_seconds)};
}

Advice AdviseInFlightOverflow(const Finding& /*finding*/, const RuleInput& input) {
  const auto fullest = std::max_element(input.sample.workers.begin(), input.sample.workers.end(),
                                        [](const WorkerSample& left, const WorkerSample& right) {
                                          return left.in_flight < right.in_flight;
                                        });
  if (fullest == input.sample.workers.end()) return {};
  return {"Lower the server's connections or threads per worker below " +
              std::to_string(kMaxInFlight) +
              " and add workers: the requests beyond are counted, but not seen while they run.",
          WorkerText(fullest->slot, fullest->pid) + " has " +
              CountText(fullest->in_flight, "request") + " in flight"};
}

}  // namespace stirbar
