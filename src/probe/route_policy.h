// What the app says of a route (@stirbar.limit).
#pragma once

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

struct RoutePolicy {
  Criticality criticality = Criticality::kNormal;
  bool long_lived = false;   // a stream: no limit, and capped by long_lived_limit
  uint64_t limit_ns = 0;     // stuck after; 0: as the setting stuck_request_limit says
  uint64_t deadline_ns = 0;  // its client waits so long; 0: as the setting request_deadline says
};

}  // namespace stirbar
