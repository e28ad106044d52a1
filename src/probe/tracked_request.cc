#include <Python.h>
// First, because CPython asks for it.

#include <array>

#include "base/clock.h"
#include "probe/connection_book.h"
#include "probe/connection_leaks.h"
#include "probe/probe.h"
#include "probe/slow_requests.h"
#include "probe/thread_id.h"
#include "probe/time_parts.h"
#include "probe/tracked_request.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

// What RouteHook must find by the environ of its request, by in-flight index.
struct Open {
  PyObject* environ = nullptr;       // borrowed: only compared, and only while the app call runs
  Attachment* attachment = nullptr;  // of that request: a process may have changed its segment
  uint32_t route = kRouteUnknown;
  bool budget_by_client = false;  // the route's deadline does not hold
};

std::array<Open, kMaxInFlight> g_open;  // guarded by the interpreter lock
uint32_t g_newest = 0;                  // index begun last: where RouteHook looks first

// What RouteHook finds of `request`; null where it has no in-flight slot, or where a request of a
// newer attachment has that index now.
Open* OpenOf(const Request& request) {
  if (request.in_flight >= kMaxInFlight) return nullptr;
  Open& open = g_open[request.in_flight];
  return open.attachment == request.attachment ? &open : nullptr;
}

// The app call of `request` is over: its environ may be freed and its address used again.
void CloseOpen(const Request& request) {
  if (Open* const open = OpenOf(request); open != nullptr) open->environ = nullptr;
}

// False in the child of a fork.
bool IsOurs(const Request& request) { return request.epoch == Probe::Epoch(); }

Open* FindOpen(PyObject* environ) {
  if (g_open[g_newest].environ == environ) return &g_open[g_newest];
  for (Open& open : g_open) {
    if (open.environ == environ) return &open;
  }
  return nullptr;
}

// For a request that found no in-flight slot: leaves its route in its environ.
void LeaveRoute(PyObject* environ, uint32_t route) {
  PyObject* const number = PyLong_FromUnsignedLong(route);
  if (number == nullptr || PyDict_SetItem(environ, Names::Get().route, number) != 0) PyErr_Clear();
  Py_XDECREF(number);
}

RouteCache::Known Find(Attachment* attachment, HttpMethod method, PyObject* rule,
                       PyObject* policy_source) {
  if (rule == Py_None) return {.id = kRouteUnmatched, .policy = {}};
  return attachment->routes().Find(attachment->segment(), method, rule, policy_source);
}

// The status in the hundreds, 0..4; what is none counts as 5xx, as a server would treat it.
uint32_t ClassOf(uint32_t status) { return status >= 100 && status < 600 ? status / 100 - 1 : 4; }

}  // namespace

Request BeginRequest(Attachment* attachment, PyObject* environ, const Arrival& arrival) {
  const uint64_t budget = arrival.budget_ns != 0
                              ? arrival.budget_ns
                              : attachment->orders.deadline_ns.load(std::memory_order_relaxed);
  Request request{.attachment = attachment,
                  .in_flight = attachment->Take(),
                  .epoch = Probe::Epoch(),
                  .started_ns = arrival.now_ns,
                  .queue_ns = arrival.queue_ns,
                  .deadline_ns = arrival.now_ns - arrival.queue_ns + budget,
                  .request_bytes = arrival.request_bytes,
                  .thread = ThreadId(),
                  .queue_source = arrival.queue_source,
                  .method = arrival.method};
  if (request.in_flight >= kMaxInFlight) return request;
  BeginParts(attachment->slot(), request.in_flight);
  const uint64_t kib = arrival.request_bytes / 1024;
  attachment->Begin(request.in_flight,
                    {.now_ns = arrival.now_ns,
                     .method = arrival.method,
                     .thread = request.thread,
                     .python_thread = PyThread_get_thread_ident(),
                     .queue_ns = arrival.queue_ns,
                     .queue_source = arrival.queue_source,
                     .deadline_ns = request.deadline_ns,
                     .request_kib = kib < UINT32_MAX ? static_cast<uint32_t>(kib) : UINT32_MAX,
                     .client = arrival.client});
  Open& open = g_open[request.in_flight];
  open.environ = environ;
  open.attachment = attachment;
  open.route = kRouteUnknown;
  open.budget_by_client = arrival.budget_ns != 0;
  g_newest = request.in_flight;
  return request;
}

void BeginStreaming(Request* request) {
  CloseOpen(*request);
  request->streams = true;
  if (IsOurs(*request)) request->attachment->BeginStreaming(request->in_flight, MonotonicNs());
}

// Flask has taken `werkzeug.request` out of the environ by then.
uint32_t RouteOf(const Request& request, PyObject* environ) {
  if (const Open* const open = OpenOf(request); open != nullptr) {
    return open->route == kRouteUnknown ? kRouteUnmatched : open->route;
  }
  PyObject* const noted = PyDict_GetItemWithError(environ, Names::Get().route);
  if (noted == nullptr || !PyLong_Check(noted)) return kRouteUnmatched;
  const long route = PyLong_AsLong(noted);
  return route >= 0 && route < static_cast<long>(kMaxRoutes) ? static_cast<uint32_t>(route)
                                                             : kRouteUnmatched;
}

void EndRequest(const Request& request, const Ending& ending) {
  CloseOpen(request);
  if (!IsOurs(request)) return;
  Attachment& attachment = *request.attachment;
  EndRequestOfConnections(request.in_flight, request.started_ns);
  PartTimes parts;
  ReadParts(attachment.slot(), request.in_flight, &parts);
  const Attachment::Counted counted =
      attachment.End({.in_flight = request.in_flight,
                      .route = ending.route,
                      .status_class = ClassOf(ending.exceptions != 0 ? 500 : ending.status),
                      .exceptions = ending.exceptions,
                      .started_ns = request.started_ns,
                      .queue_ns = request.queue_ns,
                      .queue_source = request.queue_source,
                      .deadline_ns = request.deadline_ns,
                      .streamed = request.streams,
                      .parts_ns = parts.any ? parts.ns : nullptr,
                      .part_calls = parts.any ? parts.calls : nullptr},
                     MonotonicNs());
  NoteEnded(attachment, {.in_flight = request.in_flight,
                         .route = ending.route,
                         .method = request.method,
                         .status = ending.exceptions != 0 ? 0 : ending.status,
                         .started_ns = request.started_ns,
                         .duration_ns = counted.duration_ns,
                         .queue_ns = request.queue_ns,
                         .queue_source = request.queue_source,
                         .thread = request.thread,
                         .request_bytes = request.request_bytes,
                         .response_bytes = ending.response_bytes,
                         .slow = counted.slow});
  ReclaimIfDue();
}

void NoteRule(PyObject* environ, PyObject* rule, PyObject* policy_source) {
  Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return;
  const Open* const open = FindOpen(environ);
  if (open == nullptr) {
    if (!PyDict_Check(environ)) return;
    const Names& names = Names::Get();
    const HttpMethod method = names.MethodOf(ItemOf(environ, names.request_method));
    LeaveRoute(environ, Find(attachment, method, rule, policy_source).id);
  } else if (open->attachment == attachment) {  // else: the segment has changed, or a fork's child
    NoteRuleOf(static_cast<uint32_t>(open - g_open.data()), rule, policy_source);
  }
}

bool AwaitsRule(uint32_t in_flight) {
  if (!IsInApp(in_flight)) return false;
  const Open& open = g_open[in_flight];
  return open.route == kRouteUnknown && open.attachment == Probe::Current();
}

void NoteRuleOf(uint32_t in_flight, PyObject* rule, PyObject* policy_source) {
  Open& open = g_open[in_flight];
  Attachment* const attachment = open.attachment;
  const InFlight& request = attachment->slot().in_flight[in_flight];
  const auto method =
      static_cast<HttpMethod>(request.method.load(std::memory_order_relaxed) & 0xFFU);
  const RouteCache::Known known = Find(attachment, method, rule, policy_source);
  open.route = known.id;
  const bool has_deadline = known.policy.deadline_ns != 0 && !open.budget_by_client;
  const uint64_t arrived = request.started_ns.load(std::memory_order_relaxed) -
                           request.queue_ns.load(std::memory_order_relaxed);
  attachment->SetRoute(in_flight,
                       {.route = known.id,
                        .now_ns = MonotonicNs(),
                        .deadline_ns = has_deadline ? arrived + known.policy.deadline_ns : 0},
                       known.policy);
}

uint32_t InFlightOf(PyObject* environ) {
  const Open* const open = FindOpen(environ);
  return open != nullptr && open->attachment == Probe::Current()
             ? static_cast<uint32_t>(open - g_open.data())
             : kMaxInFlight;
}

bool IsInApp(uint32_t in_flight) {
  return in_flight < kMaxInFlight && g_open[in_flight].environ != nullptr;
}

}  // namespace stirbar
