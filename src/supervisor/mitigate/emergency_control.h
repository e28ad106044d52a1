// What is done, and in which order, while memory is critically short.
//
//   calm ──▶ shedding ──▶ cleaning ──▶ recycling ──▶ cooling ──▶ calm
//              │  ▲ 1 s      all          the          │  emergency_cooldown
//              ▼  │          workers      largest      └──▶ cleaning, while it is still critical
//             calm                        worker
//
//   shedding    the LoadController refuses background and sheddable requests; it does so by itself
//   cleaning    every step in every worker; when that was enough: cooling
//   recycling   one worker; the next one at the soonest when its successor serves
//   cooling     waits for what it brought; twice as long each time that it did not help
//
// It begins at memory_critical_threshold and is over 5 % of memory below. It also begins when
// memory runs out (MemoryOutlook): the kernel kills what comes too late. Then nothing waits:
// neither for the second of shedding, nor for the end of cleaning beyond 2 s, nor for the
// cool-down.
#pragma once

#include <cstdint>

#include "supervisor/supervisor.h"

namespace stirbar {

// Pure: the same inputs give the same steps. Call Update once for every tick.
class EmergencyControl {
 public:
  enum class Step { kNone, kClean, kRecycle };

  struct Input {
    uint64_t now_ns = 0;
    double memory_ratio = kNotMeasured;
    bool running_out = false;  // MemoryOutlook
    double critical_threshold = 0.9;
    double cooldown_seconds = 30;
    double mode = kModeOn;         // observe: each step is asked for once, and taken as withheld
    bool cleaning = false;         // the cleaning asked for is under way
    bool recycling = false;        // the same of the recycling
    bool recycling_helped = true;  // the newest one did
    bool may_recycle = true;       // no other replacement is under way
  };
  // kRecycle is asked for once; Refuse() says that nobody may be recycled.
  Step Update(const Input& input);
  // Nobody could be recycled: cools down.
  void Refuse(uint64_t now_ns);

  EmergencyState state() const { return state_; }

 private:
  bool IsCritical(const Input& input);
  Step Enter(EmergencyState state, uint64_t now_ns);
  double Cooldown(const Input& input) const;

  EmergencyState state_ = EmergencyState::kCalm;
  uint64_t since_ns_ = 0;
  bool critical_ = false;
  double cooldown_factor_ = 1;
};

}  // namespace stirbar
