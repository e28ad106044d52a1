// [[rules]] of stirbar.toml: changes to the built-in rules, and rules of one's own.
//
//   [[rules]]
//   name = "memory"                  # a built-in one
//   warning = {enter = 0.7, leave = 0.6, for = "1m"}
//
//   [[rules]]
//   name = "checkout_slow"           # one of one's own
//   expr = "avg_over(p95_seconds, 5m)"
//   component = "requests"
//   warning = {enter = 2}
//   summary = "1 of 20 requests takes {value}; {in_flight} run now"
//
// docs/rules.md describes it all.
#pragma once

#include <vector>

#include "supervisor/config_file.h"
#include "supervisor/evaluate/rule.h"

namespace stirbar {

inline constexpr size_t kMostOwnRules = 200;

// The built-in rules as `file` changes them, then those of its own. Failure: names file, line and
// column, the field, its value and what is allowed.
Result<std::vector<Rule>> RulesOf(const ConfigFile& file);

}  // namespace stirbar
