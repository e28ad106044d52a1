// What rules and trends say of themselves, for whoever shows them. A part of supervisor.h; include
// that.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/metric_table.h"

namespace stirbar {

enum class RuleState : uint8_t { kInactive, kPending, kFiring };
std::string_view Name(RuleState state);  // inactive, pending, firing

enum class RuleOrigin : uint8_t {
  kBuiltIn,
  kChanged,  // built in, and changed or switched off by stirbar.toml
  kOwn,      // of stirbar.toml
};
std::string_view Name(RuleOrigin origin);  // built_in, changed, own

// One level of a rule, as it is judged now: the settings that it follows are already looked up.
struct RuleLevelSample {
  double enter = 0;
  double leave = 0;  // above `enter`: the rule watches for low values
  double for_seconds = 0;
  double leave_for_seconds = 0;
  std::string setting{};  // that `enter` follows; empty: none
  RuleState state = RuleState::kInactive;
};

// One rule, as it stands.
struct RuleSample {
  std::string name;
  std::string component;
  std::string expression;  // empty: measured by code, see `summary`
  std::string summary;     // what it looks for
  MetricUnit unit = MetricUnit::kRatio;
  RuleOrigin origin = RuleOrigin::kBuiltIn;
  bool enabled = true;
  bool of_workers = false;  // judged for each worker by itself: state and value are the worst's
  std::optional<RuleLevelSample> warning = {};
  std::optional<RuleLevelSample> critical = {};
  RuleState state = RuleState::kInactive;
  double value = std::numeric_limits<double>::quiet_NaN();
  uint64_t since_wall_ns = 0;  // when the first level was entered; 0: none is
};

// How a figure has moved over the last 15 minutes.
struct TrendSample {
  MetricId metric = MetricId::memory_bytes;
  double now = std::numeric_limits<double>::quiet_NaN();             // median of the newest 30 s
  double slope_per_hour = std::numeric_limits<double>::quiet_NaN();  // NaN: no trend, see `reason`
  double slope_low = std::numeric_limits<double>::quiet_NaN();       // bounds of 99 % confidence
  double slope_high = std::numeric_limits<double>::quiet_NaN();
  double window_seconds = 0;
  // Until the figure is at its critical threshold, at this pace; NaN: it never is, or has none.
  double reaches_critical_seconds = std::numeric_limits<double>::quiet_NaN();
  std::string reason{};  // why there is none: "too short", "noise"
};

}  // namespace stirbar
