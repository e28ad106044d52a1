#include <algorithm>
#include <cmath>

#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/route_load.h"
#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

// A threshold that lies a fifth above `seconds`, in one decimal.
std::string Raise(const std::string& setting, double seconds) {
  return "stirbar config set " + setting + " " + NumberText(std::ceil(seconds * 12) / 10);
}

}  // namespace

Advice AdviseErrorRate(const Finding& /*finding*/, const RuleInput& input) {
  const std::optional<RouteLoad> route = MostFailingRoute(input.sample);
  if (!route.has_value()) return {};
  return {
      "Look at the app's log for " + route->route +
          ", where most of the failures are, or roll back what changed there last.",
      route->route + " failed " + NumberText(route->figure) + " of " + NumberText(route->requests) +
          " times, " + PercentText(route->share_ratio) + " of all failures",
      "without them " + PercentText(input.sample.recent.error_ratio * (1 - route->share_ratio)) +
          " of requests would fail instead of " + PercentText(input.sample.recent.error_ratio),
      "", route->share_ratio};
}

Advice AdviseStuckRequest(const Finding& finding, const RuleInput& input) {
  const Sample& sample = input.sample;
  const auto oldest = std::find_if(sample.in_flight.begin(), sample.in_flight.end(),
                                   [&](const InFlightSample& request) {
                                     return finding.slot == request.slot && !IsStream(request);
                                   });
  if (oldest == sample.in_flight.end()) return {};
  return {
      "Give the queries and outgoing calls of " + RequestText(*oldest, sample) +
          " a timeout below " + SecondsText(sample.settings.slow_request_threshold) +
          " (slow_request_threshold), or move the work to a background task.",
      "in phase " + std::string(Name(oldest->phase)) + " for " +
          SecondsText(oldest->phase_age_seconds) + ", thread " + std::to_string(oldest->thread),
      "its thread would be free again after " +
          SecondsText(sample.settings.slow_request_threshold) + " instead of " +
          SecondsText(oldest->age_seconds) + " and more",
      "stirbar stacks " + std::to_string(oldest->pid),
      std::clamp(1 - sample.settings.slow_request_threshold / std::max(oldest->age_seconds, 1e-3),
                 0.0, 1.0)};
}

Advice AdviseSlowRequests(const Finding& /*finding*/, const RuleInput& input) {
  const double threshold = input.sample.settings.slow_request_threshold;
  const std::optional<RouteLoad> route = SlowestRoute(input.sample, threshold);
  if (!route.has_value()) return {};
  return {
      "Make " + route->route +
          " faster, or move its work to a background task; if it may take "
          "that long, raise slow_request_threshold (now " +
          SecondsText(threshold) + ").",
      route->route + " has " + PercentText(route->share_ratio) + " of the slow requests, p95 " +
          SecondsText(route->p95_seconds),
      "without it " +
          CountText(static_cast<uint64_t>(std::llround(
                        static_cast<double>(input.sample.recent.slow) * (1 - route->share_ratio))),
                    "request") +
          " of the last minute would have been slow instead of " +
          std::to_string(input.sample.recent.slow),
      Raise("slow_request_threshold", route->p95_seconds), route->share_ratio};
}

Advice AdviseCacheHitRate(const Finding& finding, const RuleInput& input) {
  const std::optional<RouteLoad> route = BusiestRoute(input.sample);
  if (!route.has_value()) return {};
  return {"Give the cache behind " + route->route +
              " more room or longer-lived entries: most of the time of requests goes there, and " +
              PercentText(1 - finding.value) + " of the look-ups find nothing.",
          route->route + " takes " + PercentText(route->share_ratio) +
              " of the time of the last minute's requests",
          "", "", 0.5 * route->share_ratio};
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
