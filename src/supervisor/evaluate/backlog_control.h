// How long the kernel's accept queue shall be, so that who waits in it is served in time.
//
// Engaged when who comes now waits longer than half a deadline, at two looks in a row. Workers
// refuse who has waited longer than half a deadline D, so what leaves the queue within D / 2 is
// what can be served in that time and what can be refused besides:
//
//   N = (service rate + refusal rate) x D / 2
//
// at least twice the request slots and at least 8, at most what the server had asked for. A refusal
// at the door (probe/door.h) costs some 60 us of a CPU, one by the application 0.4 ms; the refusal
// rate of 1,000 a second for each worker that has a CPU spends a sixteenth of it, or 0.4, on them.
// Why so many: the classes share the queue, and while it is full the kernel drops whoever comes, a
// critical request too. What comes at a rate R fills it to R x D / 2 while it is refused in time,
// so nobody is dropped up to that rate. With 300 a second, 5 % were at 8 times the capacity of a
// route of 20 ms (373 a second); with 1,000 none, and 9 % at 24 times.
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
    uint32_t refusing_workers = 0;  // that can refuse at the same time: each on a CPU of its own
    double service_rate = 0;        // NaN: not known, nothing is ordered anew
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
