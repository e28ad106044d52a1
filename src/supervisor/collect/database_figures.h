#pragma once

#include <cstdint>
#include <deque>

#include "supervisor/collect/database_inquiry.h"

namespace stirbar {

// Figures of a server from its rounds: counters become rates over the last two rounds and ratios
// over the last minute. Stirbar's own statements are no part of queries_per_second. A server that
// has been restarted, or whose counters were reset, begins anew: never a negative rate.
//
// Threads: one. Time: none; `round.asked_ns` is the clock.
class DatabaseFigures {
 public:
  // Writes everything but name, unavailable_since_wall, error and answered_age_seconds.
  void Add(const DatabaseRound& round, DatabaseServerSample* sample);

 private:
  struct Counters {
    uint64_t asked_ns = 0;
    uint64_t uptime_seconds = 0;
    uint64_t questions = 0;
    uint64_t own_statements = 0;
    uint64_t slow_queries = 0;
    uint64_t lock_waits = 0;
    uint64_t lock_wait_ms = 0;
    uint64_t page_requests = 0;
    uint64_t page_reads = 0;  // of those, that were not in the buffer pool
  };
  static Counters CountersOf(const DatabaseRound& round);
  // Whether the server still counts from where it stood.
  static bool Continues(const Counters& then, const Counters& now);

  std::deque<Counters> minute_;  // oldest first; the newest is the round before
};

}  // namespace stirbar
