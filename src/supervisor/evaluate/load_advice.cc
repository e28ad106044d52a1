#include <algorithm>
#include <cmath>

#include "supervisor/evaluate/load_rules.h"
#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/route_load.h"
#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

// Figures of a segment that is full of noise are bounded, too.
uint64_t RoundUp(double count) {
  return count > 0 ? static_cast<uint64_t>(std::ceil(std::min(count, 1e6))) : 0;
}

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

// Half of a time-out, as far as the setting goes down.
double HalfOf(double seconds) { return std::max(0.1, std::round(seconds * 5) / 10); }

std::string BusiestText(const Sample& sample) {
  const std::optional<RouteLoad> route = BusiestRoute(sample);
  if (!route.has_value()) return "";
  return route->route + " takes " + PercentText(route->share_ratio) +
         " of the workers' time (p95 " + SecondsText(route->p95_seconds) + ")";
}

}  // namespace

// By Little's law, requests/s x mean time is the number of requests served at once; over the
// request slots (workers, where their threads are not known) that is their utilisation. Requests
// still in flight are not in those figures, so what is busy right now counts too. While requests
// are refused what comes is more than what is served: by as much, more slots are needed. Workers
// needed = now x utilisation / 0.7, one more at least.
Advice AdviseLoad(const Finding& /*finding*/, const RuleInput& input) {
  const Sample& sample = input.sample;
  const TrafficSample& traffic = sample.traffic;
  const Crew crew = CrewOf(input);
  const std::string busiest = BusiestText(sample);
  if (crew.hung > 0) {
    return {"Free the hung workers before adding any: " + std::to_string(crew.hung) + " of " +
                CountText(crew.present, "worker") +
                (crew.hung == 1 ? " answers nobody." : " answer nobody."),
            busiest,
            CountText(crew.hung, "worker") + " more of " + std::to_string(crew.present) +
                " would serve",
            "stirbar stacks", static_cast<double>(crew.hung) / static_cast<double>(crew.present)};
  }
  if (crew.present == 0) return {};
  const auto present = static_cast<double>(crew.present);
  const bool threaded = traffic.capacity > crew.present;
  const double slots = threaded ? traffic.capacity : present;
  const uint64_t busy_now = threaded ? traffic.busy : crew.busy_now;
  const double mean = std::isnan(sample.recent.mean_seconds) ? 0 : sample.recent.mean_seconds;
  const double utilisation = std::min(
      1.0,
      std::max(sample.recent.requests_per_second * mean, static_cast<double>(busy_now)) / slots);
  const double served = std::max(traffic.served_per_second, 1.0);
  const double demand = utilisation * (served + traffic.refused_per_second) / served;
  std::string evidence = CountText(crew.present, "worker");
  if (threaded) evidence += " of " + NumberText(slots / present) + " request slots each";
  evidence += " " + PercentText(utilisation) + " busy (" +
              NumberText(sample.recent.requests_per_second) + " requests/s of " +
              SecondsText(mean) + " each, " + std::to_string(busy_now) + " busy now";
  if (traffic.refused_per_second > 0) {
    evidence += ", " + NumberText(traffic.refused_per_second) + "/s refused";
  }
  evidence += ")";
  if (!busiest.empty()) evidence += "; " + busiest;
  const double cpu_ratio = input.resources.cpu_usage_percent / 100;
  if (cpu_ratio >= sample.settings.cpu_warning_threshold) {
    return {
        "More workers would not help, the CPUs are busy: make the heaviest route cheaper or add "
        "CPUs.",
        "CPU " + PercentText(cpu_ratio) + "; " + evidence};
  }
  const uint64_t needed = std::max(crew.present + 1, RoundUp(present * demand / kGoodUtilisation));
  std::string text = "Run " + std::to_string(needed) + " workers instead of " +
                     std::to_string(crew.present) + " (" + HowToAdd(sample, needed) + ")";
  if (threaded && ServerOf(sample) == ServerKind::kGunicorn) {
    const uint64_t threads = RoundUp(slots / present * demand / kGoodUtilisation);
    text += ", or `--threads " + std::to_string(threads) +
            "` where the routes wait more than they compute";
  }
  Advice advice{text + ".", evidence};
  const double after = std::min(1.0, present * demand / static_cast<double>(needed));
  advice.effect = "they would be " + PercentText(after) + " busy instead of " +
                  PercentText(std::min(1.0, demand)) + "; beyond " + PercentText(kGoodUtilisation) +
                  " the queue grows faster than the load";
  advice.gain_ratio = std::clamp(1 - after / std::max(demand, 0.01), 0.0, 1.0);
  if (ServerOf(sample) == ServerKind::kGunicorn && sample.server_pid) {
    advice.command = "kill -TTIN " + std::to_string(*sample.server_pid);
  }
  return advice;
}

Advice AdviseOutgoing(const Finding& /*finding*/, const RuleInput& input) {
  const RecentHost* const host = MostFailingHost(input);
  if (host == nullptr) return {};
  std::string evidence = std::to_string(host->failures) + " of " + std::to_string(host->calls) +
                         " calls failed in the last minute";
  if (host->timeouts > 0) {
    return {"See why " + host->name +
                " does not answer in time; until it does, give its calls a shorter time-out "
                "(outgoing_read_timeout, now " +
                SecondsText(input.sample.settings.outgoing_read_timeout) +
                ", holds where a call has none of its own) or serve a stored answer.",
            evidence + ", " + std::to_string(host->timeouts) + " by time-out",
            "a request that waits for it for " +
                SecondsText(input.sample.settings.outgoing_read_timeout) + " would wait for " +
                SecondsText(HalfOf(input.sample.settings.outgoing_read_timeout)),
            "stirbar config set outgoing_read_timeout " +
                NumberText(HalfOf(input.sample.settings.outgoing_read_timeout)),
            0.5 * host->failed_ratio()};
  }
  return {"See why " + host->name +
              " refuses or fails; until it answers, let the routes that call it serve a stored "
              "answer.",
          evidence};
}

}  // namespace stirbar
