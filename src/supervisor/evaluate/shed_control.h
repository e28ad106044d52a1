// Which classes of requests are to be refused: the level, from saturation and demand.
//
//               saturation >= 0.9 for 1 s          >= 0.95 for 3 s more
//      level 0 ─────────────────────────▶ level 1 ─────────────────────▶ level 2
//         ▲                                  │                              │
//         └──────────────────────────────────┴──────────────────────────────┘
//           saturation < 0.6, and what comes < 0.8 of what can be served, for a hold of 2 s
//
// Memory at its critical threshold asks for level 2 at once. Level 3 is the operator's alone.
//
// Why it does not oscillate: shedding itself lowers saturation, so saturation alone must not end
// it; refused requests count as demand, so that constant load keeps the level where it is. Demand
// is measured over two seconds, so that with the hold the level is gone 4 s after the load.
//
// What can be served may be measured too low (a cold start), and demand then never seem to fall
// below it: after a minute of low saturation the level is taken back on trial whatever the demand.
// A level that is needed again within a minute returns at once as high as it was, with the hold
// (2, 4, 8 ... 60 s) or the time to the next trial (1, 2, 4 ... 10 min) doubled: at most two
// changes a minute under constant load. A load that is really gone (demand below half, saturation
// below a quarter) needs the first hold only.
#pragma once

#include <cstdint>

#include "supervisor/evaluate/reentry_hold.h"
#include "supervisor/supervisor.h"

namespace stirbar {

class ShedControl {
 public:
  struct Input {
    uint64_t now_ns = 0;
    double saturation = 0;
    double demand_ratio = kNotMeasured;  // (served + refused per second) / service rate
    double memory_ratio = kNotMeasured;
    double memory_critical_threshold = 1;
    bool memory_is_running_out = false;  // MemoryOutlook
  };
  // The level from now on.
  uint32_t Update(const Input& input);
  bool memory_is_short() const { return memory_is_short_; }

 private:
  void NoteMemory(const Input& input);
  uint32_t Raised(const Input& input);
  bool MayLower(const Input& input);

  uint32_t level_ = 0;
  uint32_t left_level_ = 0;  // before it went down to 0 last
  bool memory_is_short_ = false;
  bool on_trial_ = false;  // it went down without demand saying so
  double trial_after_seconds_ = 60;
  ReentryHold hold_{2};
  Lasting full_;   // saturation >= 0.9, dips to 0.8 forgiven
  Lasting worse_;  // at level 1: >= 0.95, dips to 0.9 forgiven
  Lasting calm_;   // neither saturation nor demand needs the level
  Lasting gone_;   // hardly any load is left
  Lasting quiet_;  // saturation does not need the level, whatever the demand
};

}  // namespace stirbar
