// How many requests the app ends per second when it is busy: what turns a queue's length into a
// wait.
#pragma once

#include <cstdint>

#include "supervisor/evaluate/saturation.h"

namespace stirbar {

// Measured while requests have waited for the whole of the two seconds that served_per_second looks
// back over; smoothed with a half-life of 5 s. What is served above the estimate raises it at any
// time, because it proves that more is possible; only a queue can lower it, because without one the
// app may just have had nothing to do.
//
// Until the first measurement the estimate is slots / mean duration, right for a sync worker and
// too high for threads that share one interpreter lock. Kept for 60 s after the last moment that
// was full or `held`; then it is kNotMeasured.
class ServiceRate {
 public:
  // `held`: overload control holds requests back, which is why none wait.
  double Update(const LoadFigures& figures, bool held);

 private:
  double rate_ = kNotMeasured;
  uint64_t last_ns_ = 0;           // the newest update
  uint64_t waiting_since_ns_ = 0;  // 0: nothing waits
  uint64_t wanted_ns_ = 0;         // when it was last full or held
};

}  // namespace stirbar
