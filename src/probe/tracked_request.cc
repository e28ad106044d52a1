#include <Python.h>
// First, because CPython asks for it.

#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "base/clock.h"
#include "probe/probe.h"
#include "probe/tracked_request.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

// What RouteHook must find by the environ of its request, by in-flight index.
struct Open {
  PyObject* environ = nullptr;       // borrowed: only compared, and only while the app call runs
  Attachment* attachment = nullptr;  // of that request: a process may have changed its segment
  uint32_t route = kRouteUnknown;
};

std::array<Open, kMaxInFlight> g_open;  // guarded by the interpreter lock
uint32_t g_newest = 0;                  // index begun last: where RouteHook looks first

uint32_t ThreadId() {
  // A fork changes the id of the thread that goes on in the child.
  struct Known {
    uint32_t epoch;
    uint32_t id;
  };
  static thread_local Known known{0, 0};
  if (known.id == 0 || known.epoch != Probe::Epoch()) {
    known = {Probe::Epoch(), static_cast<uint32_t>(syscall(SYS_gettid))};
  }
  return known.id;
}

HttpMethod MethodOf(PyObject* environ) {
  PyObject* const text = PyDict_GetItemWithError(environ, Names::Get().request_method);
  if (text == nullptr || !PyUnicode_Check(text)) return HttpMethod::kOther;
  return Names::Get().MethodOf(text);
}

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
  if (number != nullptr) PyDict_SetItem(environ, Names::Get().route, number);
  Py_XDECREF(number);
}

uint32_t IdOf(Attachment* attachment, HttpMethod method, PyObject* rule) {
  if (rule == Py_None) return kRouteUnmatched;
  return attachment->routes().IdOf(attachment->segment(), method, rule);
}

}  // namespace

Request BeginRequest(Attachment* attachment, PyObject* environ) {
  Request request;
  request.attachment = attachment;
  request.epoch = Probe::Epoch();
  request.started_ns = MonotonicNs();
  request.in_flight = attachment->Begin(request.started_ns, MethodOf(environ), ThreadId());
  if (request.in_flight < kMaxInFlight) {
    Open& open = g_open[request.in_flight];
    open.environ = environ;
    open.attachment = attachment;
    open.route = kRouteUnknown;
    g_newest = request.in_flight;
  }
  return request;
}

void BeginStreaming(const Request& request) {
  CloseOpen(request);
  if (IsOurs(request)) request.attachment->BeginStreaming(request.in_flight, MonotonicNs());
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
  request.attachment->End({.in_flight = request.in_flight,
                           .route = ending.route,
                           .status_class = ending.status_class,
                           .exceptions = ending.exceptions,
                           .started_ns = request.started_ns},
                          MonotonicNs());
}

void NoteRule(PyObject* environ, PyObject* rule) {
  Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return;
  Open* const open = FindOpen(environ);
  if (open == nullptr) {
    if (PyDict_Check(environ)) LeaveRoute(environ, IdOf(attachment, MethodOf(environ), rule));
  } else if (open->attachment == attachment) {  // else: the segment has changed, or a fork's child
    const auto index = static_cast<uint32_t>(open - g_open.data());
    const auto method = static_cast<HttpMethod>(
        attachment->slot().in_flight[index].method.load(std::memory_order_relaxed) & 0xFFU);
    open->route = IdOf(attachment, method, rule);
    attachment->SetRoute(index, open->route, MonotonicNs());
  }
}

}  // namespace stirbar
