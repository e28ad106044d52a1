#include "supervisor/mitigate/emergency_control.h"

#include <algorithm>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr double kBand = 0.05;  // as a rule of unit ratio is left
constexpr double kShedForSeconds = 1;
constexpr double kCleanAtMostSeconds = 2;  // while the end is near
constexpr double kLongestCooldownSeconds = 600;

}  // namespace

bool EmergencyControl::IsCritical(const Input& input) {
  const double threshold = input.critical_threshold - (critical_ ? kBand : 0);
  // False where it is not measured.
  critical_ = input.memory_ratio >= threshold || input.running_out;
  return critical_;
}

EmergencyControl::Step EmergencyControl::Enter(EmergencyState state, uint64_t now_ns) {
  state_ = state;
  since_ns_ = now_ns;
  if (state == EmergencyState::kCleaning) return Step::kClean;
  return state == EmergencyState::kRecycling ? Step::kRecycle : Step::kNone;
}

double EmergencyControl::Cooldown(const Input& input) const {
  return std::max(input.cooldown_seconds,
                  std::min(input.cooldown_seconds * cooldown_factor_, kLongestCooldownSeconds));
}

EmergencyControl::Step EmergencyControl::Update(const Input& input) {
  const bool critical = IsCritical(input);
  const uint64_t now_ns = input.now_ns;
  if (input.mode == kModeOff) {
    if (state_ != EmergencyState::kCalm) Enter(EmergencyState::kCalm, now_ns);
    return Step::kNone;
  }
  const bool observes = input.mode == kModeObserve;
  const double seconds = Seconds(AgeOf(since_ns_, now_ns));
  switch (state_) {
    case EmergencyState::kCalm:
      return critical ? Enter(EmergencyState::kShedding, now_ns) : Step::kNone;
    case EmergencyState::kShedding:
      if (!critical) return Enter(EmergencyState::kCalm, now_ns);
      if (seconds < kShedForSeconds && !input.running_out) return Step::kNone;
      return Enter(EmergencyState::kCleaning, now_ns);
    case EmergencyState::kCleaning:
      if (input.cleaning && !(input.running_out && seconds >= kCleanAtMostSeconds))
        return Step::kNone;
      if (!critical) return Enter(EmergencyState::kCooling, now_ns);
      if (!input.may_recycle && !observes) return Step::kNone;
      return Enter(EmergencyState::kRecycling, now_ns);
    case EmergencyState::kRecycling:
      if (input.recycling) return Step::kNone;
      cooldown_factor_ = input.recycling_helped || observes
                             ? 1
                             : std::min(2 * cooldown_factor_,
                                        kLongestCooldownSeconds / input.cooldown_seconds + 1);
      return Enter(EmergencyState::kCooling, now_ns);
    case EmergencyState::kCooling:
      break;
  }
  if (critical && input.running_out && !observes && input.may_recycle && cooldown_factor_ <= 1) {
    return Enter(EmergencyState::kRecycling, now_ns);
  }
  if (seconds < Cooldown(input)) return Step::kNone;
  if (!critical) {
    cooldown_factor_ = 1;
    return Enter(EmergencyState::kCalm, now_ns);
  }
  // What is observed is said once.
  return observes ? Step::kNone : Enter(EmergencyState::kCleaning, now_ns);
}

void EmergencyControl::Refuse(uint64_t now_ns) {
  cooldown_factor_ = std::min(2 * cooldown_factor_, kLongestCooldownSeconds);
  Enter(EmergencyState::kCooling, now_ns);
}

}  // namespace stirbar
