// What rules would have said about figures that are recorded.
//
// Only rules whose value is an expression over figures of the whole app can be replayed. Where
// points are missing (the supervisor did not run) everything begins anew: nobody knows what was.
// Figures that were rolled up are means: a peak within them is not seen.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/evaluate/rule.h"

namespace stirbar {

// One time that a level of a rule fired.
struct ReplayedFinding {
  std::string rule;
  std::string component;
  Status severity = Status::kWarning;
  double since = 0;             // the threshold was passed; seconds since 1970
  double fired = 0;             // the for-duration was over
  double until = kNotMeasured;  // it was left; NaN: it still fired at the end
  double threshold = 0;
  double worst = 0;
  MetricUnit unit = MetricUnit::kCount;
  std::string message;  // with the worst value
  bool cut = false;     // points are missing after `until`
};

struct ReplayedRule {
  std::string name;
  std::string unreplayable;  // why it was not; else empty
  uint64_t fired = 0;
  uint64_t near = 0;  // times that a level was entered, and left before it fired
};

struct ReplayReport {
  double from = kNotMeasured;  // of the first and the last point
  double until = kNotMeasured;
  uint64_t points = 0;
  uint64_t gaps = 0;
  std::vector<ReplayedFinding> findings;  // in the order in which they fired
  std::vector<ReplayedRule> rules;        // in the order of the rules
};

// Takes points one after the other. Time: 2 us a point.
class Replay {
 public:
  Replay(std::vector<Rule> rules, const Settings& settings);
  Replay(const Replay&) = delete;  // its tracks point into its rules

  void Add(double time, const MetricValues& values);
  ReplayReport Finish();

 private:
  struct Level {
    const RuleLevel* level;
    Status severity;
    LevelState state{};
    std::optional<size_t> open{};  // finding that fires
  };
  struct Track {
    const Rule* rule;
    size_t place;  // in report_.rules
    std::vector<Level> levels;
    ExpressionMemory windows;
    bool measured = false;
  };
  void Begin();
  void Follow(Track* track, Level* level, double value, const Tick& tick,
              const RuleFigures& figures);

  const std::vector<Rule> rules_;
  const Settings settings_;
  std::vector<Track> tracks_;
  ReplayReport report_;
  double step_ = kNotMeasured;  // between the last two points
};

}  // namespace stirbar
