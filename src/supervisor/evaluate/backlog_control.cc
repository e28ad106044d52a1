#include "supervisor/evaluate/backlog_control.h"

#include <algorithm>
#include <cmath>

namespace stirbar {
namespace {

constexpr uint32_t kShortest = 8;
constexpr double kRefusalsPerSecond = 1000;  // of a worker
constexpr int kLooks = 2;
constexpr double kOrderEverySeconds = 10;
constexpr double kChange = 0.25;
constexpr double kInUse = 0.25;

uint32_t BoundFor(const BacklogControl::Input& input) {
  const double leaves = input.service_rate + kRefusalsPerSecond * input.refusing_workers;
  const double timely = leaves * input.deadline_seconds / 2;
  const uint32_t least = std::min(std::max(2 * input.slots, kShortest), input.own);
  return static_cast<uint32_t>(
      std::clamp(timely, static_cast<double>(least), static_cast<double>(input.own)));
}

}  // namespace

uint32_t BacklogControl::Update(const Input& input) {
  const bool over = input.predicted_wait_seconds > 0.5 * input.deadline_seconds;
  looks_over_ = over ? looks_over_ + 1 : 0;
  const bool known = input.own > 0 && !std::isnan(input.service_rate);
  if (bound_ == 0) {
    if (!known || looks_over_ < kLooks) return 0;
    const uint32_t bound = BoundFor(input);
    if (bound >= input.own) return 0;  // it is as short already
    hold_.Enter(input.now_ns);
    calm_.Forget();
    bound_ = bound;
    ordered_ns_ = input.now_ns;
    return bound_;
  }
  calm_.Note(!over && input.waiting < kInUse * bound_, input.now_ns);
  if (calm_.IsFor(hold_.seconds(), input.now_ns)) {
    hold_.Leave(input.now_ns);
    bound_ = 0;
    return 0;
  }
  if (known && Seconds(AgeOf(ordered_ns_, input.now_ns)) >= kOrderEverySeconds) {
    const uint32_t bound = BoundFor(input);
    if (std::abs(static_cast<double>(bound) - bound_) > kChange * bound_) {
      bound_ = bound;
      ordered_ns_ = input.now_ns;
    }
  }
  return bound_;
}

}  // namespace stirbar
