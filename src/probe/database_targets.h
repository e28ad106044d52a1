// The servers of one pool of this process: PoolTargets (pool_targets.h) joined with the clock,
// chance, the setting database_breaker, and the segment (PoolTarget, events). What targets.py asks,
// in types that nanobind converts by itself.
//
// Threads: with the interpreter lock held. Time: asked when a connection is opened, not for each
// checkout; a microsecond. Failure: without a segment it decides all the same, and nothing is told.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "probe/pool_targets.h"

namespace stirbar {

class DatabaseTargets {
 public:
  // `names`: as they are shown ("db.example.org:3306"), 1..kMaxTargets. `readonly`: replicas, for
  // work declared read-only. ValueError: too many, or none.
  DatabaseTargets(const std::vector<std::string>& names, bool readonly);
  // As BookPool takes it; until then nothing is told.
  void SetPool(const std::string& name) { pool_ = name; }
  // Before it is connected to for the first time.
  void SetName(uint32_t target, const std::string& name);

  // The target to try, and 0; or -1, and the seconds until there is one. `tried`: bit i for each
  // that has failed this caller. While the breaker is off or only observed: always the first one.
  std::pair<int, double> Choose(uint32_t tried);
  // How it went (ConnectOutcome). `error`: class and number, "OperationalError 2003"; empty: none.
  // Returns what that changed (TargetChange), and of kAvailable how long it was not, in seconds.
  std::pair<int, double> Ended(uint32_t target, uint32_t outcome, int64_t duration_ns,
                               const std::string& error);
  std::pair<int, double> Broke(uint32_t target, const std::string& error);
  bool FailsBack(uint32_t target);

  // What the reconnector shall try, and in how many seconds; -1: nothing, its work is done.
  std::pair<int, double> NextProbe();
  void BeginProbe(uint32_t target);

  // 0: it is available.
  double UnavailableSeconds(uint32_t target) const;

 private:
  std::pair<int, double> Report(uint32_t target, TargetChange change, uint64_t unavailable_since_ns,
                                const std::string& error);
  void Publish(uint32_t target);
  PoolTarget* Published(uint32_t target);

  std::vector<std::string> names_;
  bool readonly_;
  std::string pool_;
  PoolTargets targets_;
};

}  // namespace stirbar
