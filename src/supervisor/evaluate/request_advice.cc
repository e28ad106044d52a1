#include <algorithm>
#include <cmath>

#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/route_load.h"
#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

// Beyond 70 % of its servers' time the wait in a queue grows faster than the load (M/M/c).
constexpr double kGoodUtilisation = 0.7;

struct Crew {
  uint64_t present = 0;
  uint64_t hung = 0;
  uint64_t busy_now = 0;  // with a request in flight at this moment
};

Crew CrewOf(const RuleInput& input) {
  Crew crew;
  for (size_t i = 0; i < input.verdicts.size(); ++i) {
    if (!IsPresent(input.verdicts[i])) continue;
    ++crew.present;
    if (input.verdicts[i].hung) ++crew.hung;
    if (input.sample.workers[i].in_flight > 0) ++crew.busy_now;
  }
  return crew;
}

std::string HowToAdd(const Sample& sample, uint64_t workers) {
  const std::string count = std::to_string(workers);
  switch (ServerOf(sample)) {
    case ServerKind::kGunicorn: {
      const std::string now =
          sample.server_pid
              ? "; `kill -TTIN " + std::to_string(*sample.server_pid) + "` adds one at once"
              : "";
      return "`gunicorn -w " + count + "`" + now;
    }
    case ServerKind::kUwsgi:
      return "`processes = " + count + "` in uWSGI's configuration";
    case ServerKind::kWaitress:
      return "waitress has one process only: raise its `--threads`, or run `gunicorn -w " + count +
             "`";
    case ServerKind::kWerkzeug:
      return "Flask's development server has one process only: run `gunicorn -w " + count + "`";
    default:
      return count + " worker processes in the server's configuration";
  }
}

std::string BusiestText(const Sample& sample) {
  const std::optional<RouteLoad> route = BusiestRoute(sample);
  if (!route.has_value()) return "";
  return route->route + " takes " + PercentText(route->share_ratio) +
         " of the workers' time (p95 " + SecondsText(route->p95_seconds) + ")";
}

}  // namespace

// By Little's law, requests/s x mean time is the number of requests served at once; over the
// workers that is their utilisation. Requests still in flight are not in those figures, so the
// workers busy right now count too. Workers needed = now x utilisation / 0.7, one more at least.
Advice AdviseAcceptQueue(const Finding& /*finding*/, const RuleInput& input) {
  const Sample& sample = input.sample;
  const Crew crew = CrewOf(input);
  const std::string busiest = BusiestText(sample);
  if (crew.hung > 0) {
    return {"Free the hung workers before adding any: " + std::to_string(crew.hung) + " of " +
                CountText(crew.present, "worker") +
                (crew.hung == 1 ? " answers nobody." : " answer nobody."),
            busiest};
  }
  if (crew.present == 0) return {};
  const double count = static_cast<double>(crew.present);
  const double mean = std::isnan(sample.recent.mean_seconds) ? 0 : sample.recent.mean_seconds;
  const double utilisation = std::min(
      1.0, std::max(sample.recent.requests_per_second * mean, static_cast<double>(crew.busy_now)) /
               count);
  std::string evidence = CountText(crew.present, "worker") + " " + PercentText(utilisation) +
                         " busy (" + NumberText(sample.recent.requests_per_second) +
                         " requests/s of " + SecondsText(mean) + " each, " +
                         std::to_string(crew.busy_now) + " busy now)";
  if (!busiest.empty()) evidence += "; " + busiest;
  const double cpu_ratio = input.resources.cpu_usage_percent / 100;
  if (cpu_ratio >= sample.settings.cpu_warning_threshold) {
    return {
        "More workers would not help, the CPUs are busy: make the heaviest route cheaper or add "
        "CPUs.",
        "CPU " + PercentText(cpu_ratio) + "; " + evidence};
  }
  const uint64_t needed = std::max(
      crew.present + 1, static_cast<uint64_t>(std::ceil(count * utilisation / kGoodUtilisation)));
  return {"Run " + std::to_string(needed) + " workers instead of " + std::to_string(crew.present) +
              " (" + HowToAdd(sample, needed) + ").",
          evidence};
}

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
  const auto oldest = std::find_if(
      sample.in_flight.begin(), sample.in_flight.end(), [&](const InFlightSample& request) {
        return finding.slot == request.slot && request.phase != RequestPhase::kStreaming;
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
