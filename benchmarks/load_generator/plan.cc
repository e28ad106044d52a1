#include "load_generator/plan.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace stirbar {
namespace {

Error Wrong(std::string_view phase, std::string_view why) {
  return Error{"phase '" + std::string(phase) + "': " + std::string(why)};
}

// A whole text as a number above zero.
std::optional<double> Positive(std::string_view text) {
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(number) || number <= 0) return std::nullopt;
  return number;
}

// "10s", "500ms".
std::optional<std::chrono::nanoseconds> Duration(std::string_view text) {
  double unit_ns = 1e9;
  if (text.ends_with("ms")) {
    unit_ns = 1e6;
    text.remove_suffix(2);
  } else if (text.ends_with('s')) {
    text.remove_suffix(1);
  } else {
    return std::nullopt;
  }
  const std::optional<double> number = Positive(text);
  if (!number || *number * unit_ns > std::chrono::nanoseconds(kLongestRun).count()) {
    return std::nullopt;
  }
  return std::chrono::nanoseconds(static_cast<int64_t>(*number * unit_ns));
}

Result<Phase> ParsePhase(std::string_view text, double capacity) {
  Phase phase;
  phase.text = text;
  if (text.ends_with('!')) {
    const std::optional<double> burst = Positive(text.substr(0, text.size() - 1));
    if (!burst || *burst != std::floor(*burst) || *burst > 1e9) {
      return Wrong(text, "a spike is a whole number of requests, as in 400!");
    }
    phase.burst = static_cast<uint64_t>(*burst);
    return phase;
  }
  const size_t at = text.find('@');
  if (at == std::string_view::npos) return Wrong(text, "give RATE@DURATION, as in 25@10s");
  const std::optional<std::chrono::nanoseconds> duration = Duration(text.substr(at + 1));
  if (!duration) return Wrong(text, "a duration is 10s or 500ms, at most an hour");
  std::string_view rate_text = text.substr(0, at);
  const bool is_multiple = rate_text.ends_with('x');
  if (is_multiple) rate_text.remove_suffix(1);
  const std::optional<double> rate = Positive(rate_text);
  if (!rate) return Wrong(text, "a rate is a number above 0, with or without x behind");
  if (is_multiple && capacity <= 0) return Wrong(text, "x is a multiple of --capacity");
  phase.rate = is_multiple ? *rate * capacity : *rate;
  phase.duration = *duration;
  return phase;
}

}  // namespace

Result<std::vector<Phase>> ParsePhases(std::string_view text, double capacity) {
  std::vector<Phase> phases;
  while (true) {
    const size_t comma = text.find(',');
    Result<Phase> phase = ParsePhase(text.substr(0, comma), capacity);
    if (!phase) return Error{phase.error()};
    phases.push_back(*std::move(phase));
    if (comma == std::string_view::npos) return phases;
    text.remove_prefix(comma + 1);
  }
}

Result<WeightedRoute> ParseRoute(std::string_view text) {
  WeightedRoute route{std::string(text)};
  const size_t equals = text.rfind('=');
  // "=" is also what a query has: only a number behind it is a weight, and a path may end in "=1"
  // when a weight follows.
  if (equals != std::string_view::npos) {
    if (const std::optional<double> weight = Positive(text.substr(equals + 1))) {
      route = {std::string(text.substr(0, equals)), *weight};
    }
  }
  if (!route.path.starts_with('/') || route.path.find_first_of(" \r\n") != std::string::npos) {
    return Error{"route '" + std::string(text) + "': give /path or /path=WEIGHT"};
  }
  return route;
}

double ExpectedRequests(const Plan& plan) {
  double sum = 0;
  for (const Phase& phase : plan.phases) {
    sum += phase.rate * std::chrono::duration<double>(phase.duration).count();
    sum += static_cast<double>(phase.burst);
  }
  return sum;
}

Result<Plan> CheckPlan(Plan plan, double most) {
  if (plan.phases.empty()) return Error{"the plan has no phase"};
  if (plan.routes.empty()) return Error{"the plan has no route"};
  std::chrono::nanoseconds duration{0};
  for (const Phase& phase : plan.phases) duration += phase.duration;
  if (duration > kLongestRun) return Error{"the plan lasts longer than an hour"};
  const double expected = ExpectedRequests(plan);
  if (expected > most) {
    return Error{"the plan offers " + std::to_string(std::llround(expected)) +
                 " requests; --most allows " + std::to_string(std::llround(most))};
  }
  return plan;
}

}  // namespace stirbar
