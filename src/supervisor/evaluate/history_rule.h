// The rule about the history itself; see the table in rules.h.
#pragma once

#include "supervisor/evaluate/rule.h"

namespace stirbar {

Rule HistoryRule();

}  // namespace stirbar
