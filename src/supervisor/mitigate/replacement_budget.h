// Whether a worker may be replaced now: one budget for all who would replace one.
//
// Replaced is only where a master starts a new worker (gunicorn, uWSGI); one worker at a time, the
// next one when as many serve as before or 30 s have passed; at most replacements_per_hour; never
// the only worker, and never the last one that can answer: a worker that can still answer stays
// unless another one can, too.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// Pure but for what it remembers. Threads: one.
class ReplacementBudget {
 public:
  // Once every tick, before the questions. `replacing`: the worker taken last has not ended.
  void Turn(const Sample& sample, bool replacing);

  // No replacement is under way.
  bool IsFree() const { return free_; }
  // Why the worker in `slot` may not be replaced; empty: it may, once IsFree().
  std::string WhyNot(uint32_t slot, const Sample& sample,
                     const std::vector<WorkerVerdict>& verdicts) const;
  // One is replaced now.
  void Take(const Sample& sample);

  size_t taken_in_the_last_hour() const { return taken_ns_.size(); }

 private:
  std::deque<uint64_t> taken_ns_;     // of the last hour
  std::optional<uint64_t> crew_;      // workers that served when the newest replacement began
  std::optional<uint64_t> ended_ns_;  // when the replaced worker had ended
  bool free_ = true;
};

}  // namespace stirbar
