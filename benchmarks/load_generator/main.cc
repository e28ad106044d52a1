// load_generator: offers requests to a server on this machine at a rate of its own, whatever the
// server does, and prints as JSON (report.h) what became of them.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "load_generator/report.h"
#include "load_generator/run.h"
#include "load_generator/target.h"

namespace stirbar {
namespace {

struct Arguments {
  std::string target;
  std::string phases;
  std::vector<std::string> routes{"/"};
  std::vector<std::string> headers;
  double capacity = 0;
  double deadline_seconds = 1;
  double patience_seconds = 0;
  double most = 1e6;
  std::string arrivals = "poisson";
  uint64_t seed = 1;
  bool keep_alive = false;
};

void Declare(Arguments& arguments, CLI::App& app) {
  app.add_option("target", arguments.target, "HOST:PORT, a loopback address")->required();
  app.add_option(
         "--phases", arguments.phases,
         "25@12s (constant rate), 0.5x@10s,8x@20s,0.5x@10s (step), 25@5s,400!,25@5s (spike)")
      ->required();
  app.add_option("--capacity", arguments.capacity, "What x stands for, requests per second");
  app.add_option("--route", arguments.routes, "/path or /path=WEIGHT; may be repeated");
  app.add_option("--header", arguments.headers, "NAME:VALUE; may be repeated");
  app.add_option("--deadline", arguments.deadline_seconds,
                 "Seconds, from when a request is due, within which an answer is in time")
      ->check(CLI::Range(0.001, 3600.0));
  app.add_option("--patience", arguments.patience_seconds,
                 "Seconds after which a client gives up and closes (default: the deadline)")
      ->check(CLI::Range(0.001, 3600.0));
  app.add_option("--arrivals", arguments.arrivals, "poisson or uniform")
      ->check(CLI::IsMember({"poisson", "uniform"}));
  app.add_option("--seed", arguments.seed, "Of the arrivals and of the choice of routes");
  app.add_option("--most", arguments.most, "A plan of more requests is refused")
      ->check(CLI::Range(1.0, 1e7));
  app.add_flag("--keep-alive", arguments.keep_alive, "Keep connections; else one a request");
}

Result<Plan> PlanOf(const Arguments& arguments) {
  Plan plan;
  Result<std::vector<Phase>> phases = ParsePhases(arguments.phases, arguments.capacity);
  if (!phases) return Error{phases.error()};
  plan.phases = *std::move(phases);
  for (const std::string& text : arguments.routes) {
    Result<WeightedRoute> route = ParseRoute(text);
    if (!route) return Error{route.error()};
    plan.routes.push_back(*std::move(route));
  }
  plan.arrivals = arguments.arrivals == "uniform" ? Arrivals::kUniform : Arrivals::kPoisson;
  plan.seed = arguments.seed;
  return CheckPlan(std::move(plan), arguments.most);
}

Result<RunOptions> OptionsOf(const Arguments& arguments) {
  RunOptions options;
  options.client.keep_alive = arguments.keep_alive;
  for (const std::string& header : arguments.headers) {
    const size_t colon = header.find(':');
    if (colon == 0 || colon == std::string::npos) {
      return Error{"header '" + header + "': give NAME:VALUE"};
    }
    options.client.headers.emplace_back(header.substr(0, colon), header.substr(colon + 1));
  }
  const auto nanoseconds = [](double seconds) {
    return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
  };
  options.deadline = nanoseconds(arguments.deadline_seconds);
  options.patience = std::max(options.deadline, nanoseconds(arguments.patience_seconds));
  return options;
}

// Clients that wait are open files; a shell allows 1,024 of them.
void AllowManyConnections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Refuse(const std::string& message) {
  std::fprintf(stderr, "load_generator: %s\n", message.c_str());
  return 2;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Open-loop load on a server of this machine"};
  Declare(arguments, app);
  CLI11_PARSE(app, argc, argv);
  const Result<Target> target = ParseTarget(arguments.target);
  if (!target) return Refuse(target.error());
  const Result<Plan> plan = PlanOf(arguments);
  if (!plan) return Refuse(plan.error());
  const Result<RunOptions> options = OptionsOf(arguments);
  if (!options) return Refuse(options.error());
  AllowManyConnections();
  const RunResult result = Run(*target, *plan, *options);
  std::printf("%s\n", boost::json::serialize(Report(*plan, result)).c_str());
  return 0;
}

}  // namespace
}  // namespace stirbar

int main(int argc, char** argv) { return stirbar::Main(argc, argv); }
