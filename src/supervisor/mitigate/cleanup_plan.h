// Which step of a cleanup is next, in which worker: what has not helped waits longer and longer.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// "young garbage", "idle connections", ...: for people.
std::string_view Name(CleanupStep step);
// The setting that switches it: "cleanup_garbage".
std::string_view SettingOf(CleanupStep step);
// Its mode: kModeOff, kModeObserve, kModeOn; observe_only counted in.
double ModeOf(CleanupStep step, const Settings& settings);
// What the history and the pages call it.
ActionKind KindOf(CleanupStep step);

// Cheapest first, trim last. An emergency leaves the young generations out: it collects all.
inline constexpr std::array kGentleSteps{CleanupStep::kYoungGarbage, CleanupStep::kConnections,
                                         CleanupStep::kCallbacks,    CleanupStep::kCaches,
                                         CleanupStep::kGarbage,      CleanupStep::kTrim};
inline constexpr std::array kThoroughSteps{CleanupStep::kCaches, CleanupStep::kCallbacks,
                                           CleanupStep::kConnections, CleanupStep::kGarbage,
                                           CleanupStep::kTrim};

// A step helped when it gave back as much of the worker's memory.
inline constexpr double kHelpfulRatio = 0.01;
inline constexpr double kLongestPauseSeconds = 600;

// Remembers, for each worker and step, when it may be tried again: after monitoring_interval where
// it helped within its budget of time, and after twice the pause before where it did not, up to ten
// minutes. Pure: (what was noted, now) -> step.
class CleanupPlan {
 public:
  struct Next {
    const WorkerSample* worker = nullptr;  // of those given
    CleanupStep step = CleanupStep::kNone;
  };
  // `workers`: those that can answer, the largest first. Absent: nothing is due. A step in mode off
  // is never next; one in mode observe is, so that it can be said.
  std::optional<Next> NextStep(const std::vector<const WorkerSample*>& workers,
                               const Sample& sample) const;

  // What came of it. Returns the pause in seconds.
  double Note(uint64_t incarnation, CleanupStep step, bool helped, const Sample& sample);

  // Forgets workers that are gone.
  void Keep(const std::vector<WorkerSample>& workers);

 private:
  struct Memory {
    uint64_t next_ns = 0;
    double factor = 1;  // of the pause that comes next
  };
  std::map<uint64_t, std::array<Memory, kCleanupSteps>> workers_;  // by incarnation
};

// Workers whose memory a cleanup can reduce: alive, serving, able to answer; the largest resident
// set first. `verdicts` are those of `workers`, in the same order.
std::vector<const WorkerSample*> CleanableWorkers(const std::vector<WorkerSample>& workers,
                                                  const std::vector<WorkerVerdict>& verdicts);

}  // namespace stirbar
