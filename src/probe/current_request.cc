#include <Python.h>
// First, because CPython asks for it.

#include "probe/current_request.h"
#include "probe/tls_model.h"
#include "probe/tracked_request.h"
#include "probe/wsgi_names.h"
#include "segment/layout.h"

namespace stirbar {
namespace {

struct Thread {
  uint32_t current = kMaxInFlight;
  uint32_t entered = 0;  // app calls of this thread that have not returned
  // More than one at once since there was none: greenlets that take turns, and `current` is only
  // who entered last, or calls within calls.
  bool mixed = false;
};

STIRBAR_FAST_TLS thread_local Thread t_thread;
// Both guarded by the interpreter lock.
PyObject* g_context = nullptr;
bool g_shared = false;

uint32_t AskFlask() {
  if (g_context == nullptr) return kMaxInFlight;
  const Names& names = Names::Get();
  PyObject* context = nullptr;
  PyObject* request = nullptr;
  PyObject* environ = nullptr;
  if (PyContextVar_Get(g_context, nullptr, &context) == 0 && context != nullptr) {
    request = PyObject_GetAttr(context, names.request);
    if (request != nullptr) environ = PyObject_GetAttr(request, names.environ);
  }
  PyErr_Clear();
  const uint32_t found = environ != nullptr ? InFlightOf(environ) : kMaxInFlight;
  Py_XDECREF(environ);
  Py_XDECREF(request);
  Py_XDECREF(context);
  return found;
}

}  // namespace

uint32_t EnterRequest(uint32_t in_flight) noexcept {
  Thread& thread = t_thread;
  const uint32_t before = thread.current;
  thread.mixed = thread.mixed || thread.entered != 0;
  ++thread.entered;
  thread.current = in_flight;
  return before;
}

void LeaveRequest(uint32_t before) noexcept {
  Thread& thread = t_thread;
  thread.current = before;
  if (thread.entered > 0) --thread.entered;
  if (thread.entered == 0) thread = {};
}

uint32_t CurrentRequest() noexcept {
  const Thread& thread = t_thread;
  if (thread.entered == 0) return kMaxInFlight;
  return thread.mixed || g_shared ? AskFlask() : thread.current;
}

void ShareThreads() noexcept { g_shared = true; }

bool ThreadsAreShared() noexcept { return g_shared; }

void SetRequestContext(PyObject* variable) noexcept {
  Py_XINCREF(variable);
  Py_XSETREF(g_context, variable);
}

}  // namespace stirbar
