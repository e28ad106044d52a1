// What the HTTP server counts about itself; shown by /metrics.
#pragma once

#include <cstdint>

namespace stirbar {

// Writer: the event loop's thread.
struct HttpCounters {
  uint64_t requests = 0;             // well-formed ones, whatever the answer
  uint64_t bad_requests = 0;         // not HTTP, or too large: answered 4xx and closed
  uint64_t timeouts = 0;             // cut because the rest of a request did not come in time
  uint64_t refused_connections = 0;  // too many at once
  uint64_t refused_streams = 0;      // too many event streams at once
  uint64_t refused_hosts = 0;        // Host header of somebody else (DNS rebinding)
  uint64_t refused_tokens = 0;       // no or wrong token or session
  uint64_t refused_logins = 0;       // wrong token in the form, foreign origin, too many tries
  uint64_t refused_changes = 0;      // without the operator's token or the session's CSRF value
  uint64_t connections = 0;          // open now
  uint64_t streams = 0;              // open now
};

}  // namespace stirbar
