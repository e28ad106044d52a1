#include "supervisor/evaluate/shed_control.h"

#include <algorithm>
#include <cmath>

namespace stirbar {
namespace {

constexpr double kFull = 0.9;
constexpr double kStillFull = 0.8;
constexpr double kWorse = 0.95;
constexpr double kCalm = 0.6;
constexpr double kGone = 0.25;
constexpr double kDemandCalm = 0.8;
constexpr double kDemandGone = 0.5;
constexpr double kFullForSeconds = 1;
constexpr double kWorseForSeconds = 3;
constexpr double kFirstHoldSeconds = 2;
constexpr double kFirstTrialSeconds = 60;
constexpr double kLastTrialSeconds = 600;
constexpr double kMemoryBand = 0.05;  // as a rule of unit ratio is left
constexpr uint32_t kHighestMeasured = 2;

// Whether it is still true: it becomes so at `enter` and ends below `leave`.
bool Between(const Lasting& lasting, double value, double enter, double leave, uint64_t now_ns) {
  return value >= (lasting.IsFor(0, now_ns) ? leave : enter);
}

}  // namespace

uint32_t ShedControl::Update(const Input& input) {
  const uint64_t now_ns = input.now_ns;
  const double saturation = input.saturation;
  // Without a figure for what can be served, saturation decides alone.
  const double demand = std::isnan(input.demand_ratio) ? 0 : input.demand_ratio;
  NoteMemory(input);
  full_.Note(Between(full_, saturation, kFull, kStillFull, now_ns), now_ns);
  worse_.Note(level_ == 1 && Between(worse_, saturation, kWorse, kFull, now_ns), now_ns);
  quiet_.Note(saturation < kCalm && !memory_is_short_, now_ns);
  calm_.Note(saturation < kCalm && demand < kDemandCalm && !memory_is_short_, now_ns);
  gone_.Note(saturation < kGone && demand < kDemandGone && !memory_is_short_, now_ns);

  const uint32_t raised = Raised(input);
  if (raised > level_) {
    if (level_ == 0) {
      const bool again = hold_.Enter(now_ns);
      if (again && on_trial_) {
        trial_after_seconds_ = std::min(2 * trial_after_seconds_, kLastTrialSeconds);
      } else if (!again) {
        trial_after_seconds_ = kFirstTrialSeconds;
      }
      level_ = again ? std::max(raised, left_level_) : raised;
    } else {
      level_ = raised;
    }
    for (Lasting* const lasting : {&calm_, &gone_, &quiet_}) lasting->Forget();
  } else if (level_ > 0 && MayLower(input)) {
    left_level_ = level_;
    level_ = 0;
    hold_.Leave(now_ns);
  }
  return level_;
}

void ShedControl::NoteMemory(const Input& input) {
  const double threshold = input.memory_critical_threshold - (memory_is_short_ ? kMemoryBand : 0);
  // False where it is not measured.
  memory_is_short_ = input.memory_ratio >= threshold || input.memory_is_running_out;
}

uint32_t ShedControl::Raised(const Input& input) {
  if (memory_is_short_) return kHighestMeasured;
  if (level_ == 1 && input.saturation >= kWorse && worse_.IsFor(kWorseForSeconds, input.now_ns)) {
    return kHighestMeasured;
  }
  if (level_ == 0 && input.saturation >= kFull && full_.IsFor(kFullForSeconds, input.now_ns)) {
    return 1;
  }
  return level_;
}

bool ShedControl::MayLower(const Input& input) {
  if (gone_.IsFor(kFirstHoldSeconds, input.now_ns) || calm_.IsFor(hold_.seconds(), input.now_ns)) {
    on_trial_ = false;
    return true;
  }
  on_trial_ = quiet_.IsFor(trial_after_seconds_, input.now_ns);
  return on_trial_;
}

}  // namespace stirbar
