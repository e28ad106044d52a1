// One request between its begin and its end, and how RouteHook finds it again.
//
// Threads: all with the interpreter lock held. Failure: none; a request that finds no in-flight
// slot is counted all the same.
#pragma once

#include <Python.h>

#include "probe/attachment.h"
#include "probe/request_arrival.h"

namespace stirbar {

// What one request carries from its begin to its end. Lives in the frame of the middleware call,
// and for a streamed response in its Body: both survive a greenlet switch, a pointer to it would
// not.
struct Request {
  Attachment* attachment = nullptr;
  uint32_t in_flight = kMaxInFlight;
  uint32_t epoch = 0;
  uint64_t started_ns = 0;
  uint64_t queue_ns = 0;
  uint64_t deadline_ns = 0;
  uint64_t request_bytes = 0;
  uint32_t thread = 0;
  QueueSource queue_source = QueueSource::kNone;
  HttpMethod method = HttpMethod::kOther;
  bool streams = false;
};

struct Ending {
  uint32_t route = kRouteUnmatched;
  uint32_t status = 0;  // 200; 0: none, counted as 5xx
  uint32_t exceptions = 0;
  uint64_t response_bytes = UINT64_MAX;
};

// A request has come to the process that `attachment` is of, and is let in.
Request BeginRequest(Attachment* attachment, PyObject* environ, const Arrival& arrival);

// The app has returned and its body is being read: its environ may be freed and the address used
// again.
void BeginStreaming(Request* request);

// The response is complete. In the child of a fork nothing happens: the request began in the
// parent, which counts it.
void EndRequest(const Request& request, const Ending& ending);

// Notes the rule (a werkzeug Rule, or None) of the request whose environ this is. `policy_source`:
// as RouteCache::Find. Leaves no Python exception behind.
void NoteRule(PyObject* environ, PyObject* rule, PyObject* policy_source);

// The in-flight index of the request of this process whose app call has this environ; kMaxInFlight
// where there is none.
uint32_t InFlightOf(PyObject* environ);
// Whether the app call of the request `in_flight` is running.
bool IsInApp(uint32_t in_flight);

// The route noted for a request whose app call has returned; kRouteUnmatched where there is none.
uint32_t RouteOf(const Request& request, PyObject* environ);

}  // namespace stirbar
