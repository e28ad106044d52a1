// The rule about the sinks of alerts: whether what is to be told can be told. Component "alerts".
#pragma once

#include "supervisor/evaluate/rule.h"

namespace stirbar {

// Value: for how long the sink that has failed longest has taken nothing. The finding reaches the
// page, health, the log and the other sinks: it does not need the one that fails.
Rule AlertSinksRule();

}  // namespace stirbar
