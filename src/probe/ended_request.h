// A request that has just been counted, with all that is known of it.
#pragma once

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

struct EndedRequest {
  uint32_t in_flight = kMaxInFlight;  // index; kMaxInFlight when it had none
  uint32_t route = kRouteUnmatched;
  HttpMethod method = HttpMethod::kOther;
  uint32_t status = 0;  // 200; 0 when the app raised
  uint64_t started_ns = 0;
  uint64_t duration_ns = 0;
  uint64_t queue_ns = 0;
  QueueSource queue_source = QueueSource::kNone;
  uint32_t thread = 0;
  uint64_t request_bytes = 0;            // Content-Length; 0 when there was none
  uint64_t response_bytes = UINT64_MAX;  // Content-Length; UINT64_MAX when not known
  bool slow = false;                     // longer than slow_request_threshold
};

}  // namespace stirbar
