// The rules about the history: whether it is written, and whether it gets where else it goes. See
// the table in rules.h.
#pragma once

#include "supervisor/evaluate/rule.h"

namespace stirbar {

Rule HistoryRule();
// Value: for how long the export that has failed longest has sent nothing.
Rule ExportsRule();

}  // namespace stirbar
