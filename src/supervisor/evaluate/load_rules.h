// The rules about load and about the hosts that the app calls; see the table in rules.h.
#pragma once

#include "supervisor/evaluate/rule.h"

namespace stirbar {

// A host is judged from ten calls in the last minute on: two of three failing is chance.
inline constexpr uint64_t kFewestCalls = 10;

Rule SaturationRule();
Rule QueueTimeRule();
Rule OutgoingRule();

// The host with the largest share of failed calls among those called often enough; null: none.
const RecentHost* MostFailingHost(const RuleInput& input);

}  // namespace stirbar
