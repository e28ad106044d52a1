// What can be known of a request before the app gets it: how long it has waited, who asks, and how
// long its client will wait.
//
// Threads: all with the interpreter lock held. Time: one getsockopt at most, a dozen look-ups in
// the environ. Failure: what cannot be found out is not known; no exception is left behind.
#pragma once

#include <Python.h>

#include "probe/client_address.h"
#include "segment/layout.h"

namespace stirbar {

struct Arrival {
  uint64_t now_ns = 0;  // monotonic
  HttpMethod method = HttpMethod::kOther;
  QueueSource queue_source = QueueSource::kNone;
  uint64_t queue_ns = 0;
  uint64_t budget_ns = 0;      // from now - queue_ns, as a trusted peer says; 0: it does not
  uint64_t request_bytes = 0;  // not looked for in GET and HEAD
  Address client{};            // masked
};

// `environ` is a dict. `server`: which socket to look for. `address_bits`: how much of the client's
// address is kept.
Arrival ReadArrival(PyObject* environ, ServerKind server, uint32_t address_bits) noexcept;

// The peers whose headers are believed.
TrustedPeers& Trusted() noexcept;

// Gives the descriptor of the socket of the running request, under a server that puts no socket in
// the environ (uwsgi.connection_fd). A callable, or null.
void SetDescriptorSource(PyObject* source) noexcept;

}  // namespace stirbar
