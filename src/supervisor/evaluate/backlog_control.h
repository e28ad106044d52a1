// How long the kernel's accept queue shall be, so that who waits in it is served in time.
//
// Engaged when who comes now waits longer than half a deadline, at two looks in a row. The queue is
// then as long as what can be served within a deadline D: N = service rate x D, at least twice the
// request slots and at least 8, at most what the server had asked for. Why N: workers refuse who
// has waited longer than D / 2, so at most N leave the queue in that time: twice the service rate.
// So for each request served there is at most one that costs a refusal, and the kernel drops the
// others before they cost anything.
//
// Ordered anew only when N has changed by more than a quarter, and at most once in 10 s. Given back
// when less than a quarter of it has been in use for 3 s (6, 12 ... 60 s where it was needed again
// within a minute).
#pragma once

#include <cstdint>

#include "supervisor/evaluate/reentry_hold.h"

namespace stirbar {

class BacklogControl {
 public:
  struct Input {
    uint64_t now_ns = 0;
    uint32_t own = 0;    // what the server had asked for; 0: not known, nothing is ordered
    uint32_t slots = 0;  // for requests
    uint32_t waiting = 0;
    double service_rate = 0;  // NaN: not known, nothing is ordered anew
    double predicted_wait_seconds = 0;
    double deadline_seconds = 0;
  };
  // The accept queue wanted from now on; 0: the server's own.
  uint32_t Update(const Input& input);

 private:
  uint32_t bound_ = 0;  // 0: not engaged
  int looks_over_ = 0;  // in a row
  uint64_t ordered_ns_ = 0;
  ReentryHold hold_{3};
  Lasting calm_;
};

}  // namespace stirbar
