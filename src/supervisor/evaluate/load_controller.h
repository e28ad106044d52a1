// How loaded the app is and what should be done about it: saturation.h, service_rate.h,
// shed_control.h and backlog_control.h put together, with the reasons in plain words.
#pragma once

#include <cstdint>

#include "supervisor/evaluate/backlog_control.h"
#include "supervisor/evaluate/saturation.h"
#include "supervisor/evaluate/service_rate.h"
#include "supervisor/evaluate/shed_control.h"

namespace stirbar {

// Call Judge once for every tick. Deterministic: the same figures at the same times give the same
// verdicts.
//
// The setting shed_level (0 and more) overrides the level that was measured. In mode observe, and
// under observe_only, level and backlog are 0, `withheld_...` say what they would be, and the
// reasons begin with "would"; in mode off nothing is wanted.
class LoadController {
 public:
  LoadVerdict Judge(const LoadFigures& figures, const Settings& settings);

 private:
  double BusyShare(const LoadFigures& figures);

  ServiceRate service_rate_;
  ShedControl shed_;
  BacklogControl backlog_;
  double busy_share_ = 0;  // smoothed
  uint64_t last_ns_ = 0;
  uint32_t measured_level_ = 0;
  uint32_t wanted_backlog_ = 0;
  uint32_t level_ = 0;  // of the newest verdict
  uint64_t level_since_ns_ = 0;
};

}  // namespace stirbar
