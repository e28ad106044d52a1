// A rule as it stands, for whoever shows it.
#pragma once

#include <span>

#include "supervisor/evaluate/rule.h"

namespace stirbar {

// `memories`: what it remembers of the app, or of each worker: the one that is worst off is shown.
RuleSample ListRule(const Rule& rule, std::span<const RuleMemory* const> memories,
                    const Settings& settings);

}  // namespace stirbar
