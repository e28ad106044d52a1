#include <Python.h>
// First, because CPython asks for it.

#include "probe/current_request.h"
#include "probe/gate.h"
#include "probe/interrupt.h"
#include "probe/probe.h"
#include "probe/python_type.h"
#include "probe/refusal.h"
#include "probe/streamed_body.h"
#include "probe/wsgi.h"

namespace stirbar {
namespace {

// Puts the app's exception aside and back, so that what the probe does in between cannot change it.
class KeptException {
 public:
#if PY_VERSION_HEX >= 0x030C0000
  KeptException() : exception_(PyErr_GetRaisedException()) {}
  ~KeptException() { PyErr_SetRaisedException(exception_); }

 private:
  PyObject* exception_;
#else
  KeptException() { PyErr_Fetch(&type_, &value_, &traceback_); }
  ~KeptException() { PyErr_Restore(type_, value_, traceback_); }

 private:
  PyObject* type_ = nullptr;
  PyObject* value_ = nullptr;
  PyObject* traceback_ = nullptr;
#endif
 public:
  KeptException(const KeptException&) = delete;
  KeptException& operator=(const KeptException&) = delete;
};

struct Middleware {
  PyObject_HEAD vectorcallfunc call;
  PyObject* app;
  RouteSource routes;
};

PyTypeObject* g_type = nullptr;

// The app has raised for a request that was ordered to be interrupted, in this thread. Answers in
// its place, or leaves the app's exception as it is. Null: there is no answer.
PyObject* AnswerFor(const Request& request, StartResponse* start_response) {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (!SettleInterrupt(request.in_flight, type)) {
    PyErr_Restore(type, value, traceback);
    return nullptr;
  }
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject* const exc_info =
      start_response->status == kNoStatus
          ? nullptr
          : PyTuple_Pack(3, type, value, traceback != nullptr ? traceback : Py_None);
  // Where headers are sent already, start_response raises what ended the app again: nothing better
  // can be said to the client.
  PyObject* const answer =
      AnswerInterrupted(reinterpret_cast<PyObject*>(start_response), request.method, exc_info);
  Py_XDECREF(exc_info);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  return answer;
}

PyObject* FinishCall(PyObject* result, PyObject* environ, Request* request,
                     StartResponse* start_response) {
  if (WasInterrupted(request->in_flight)) [[unlikely]] {
    if (result == nullptr) {
      result = AnswerFor(*request, start_response);
    } else {
      SettleInterrupt(request->in_flight, nullptr);
    }
  }
  if (result == nullptr) {
    const KeptException kept;
    EndRequest(*request, {.route = RouteOf(*request, environ), .exceptions = 1});
    ReleaseStartResponse(start_response);
    return nullptr;
  }
  const uint32_t route = RouteOf(*request, environ);
  if (MustWrap(result, environ, start_response)) {
    BeginStreaming(request);
    PyObject* const body = WrapBody(result, *request, route, start_response);
    if (body != nullptr) {
      Py_DECREF(result);
      return body;
    }
    PyErr_Clear();  // out of memory: counted as ended now
  }
  const uint32_t status = start_response->status;
  EndRequest(*request, {.route = route,
                        .status = status == kNoStatus ? 0 : status,
                        .response_bytes = start_response->length});
  ReleaseStartResponse(start_response);
  return result;
}

// Serves one request of a process that is attached. `arguments`: environ and start_response.
PyObject* Serve(Middleware* self, Attachment* attachment, PyObject* const* arguments) {
  PyObject* const environ = arguments[0];
  const auto server =
      static_cast<ServerKind>(attachment->slot().server_kind.load(std::memory_order_relaxed));
  const Arrival arrival =
      ReadArrival(environ, server, attachment->orders.address_bits.load(std::memory_order_relaxed));
  if (MustRefuse(attachment, &self->routes, environ, arrival)) [[unlikely]] {
    return Refuse(arguments[1], arrival.method,
                  RetryAfterSeconds(arrival.queue_ns, arrival.now_ns / 1024));
  }
  Request request = BeginRequest(attachment, environ, arrival);
  StartResponse* const start_response = TakeStartResponse(request, arguments[1]);
  if (start_response == nullptr) {
    PyErr_Clear();
    EndRequest(request, {});
    return PyObject_Vectorcall(self->app, arguments, 2, nullptr);
  }
  // The first place is lent to the callee, a bound method, for its self: saves it a copy.
  PyObject* forwarded[] = {nullptr, environ, reinterpret_cast<PyObject*>(start_response)};
  const uint32_t before = EnterRequest(request.in_flight);
  PyObject* const result =
      PyObject_Vectorcall(self->app, &forwarded[1], 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  LeaveRequest(before);
  return FinishCall(result, environ, &request, start_response);
}

PyObject* CallMiddleware(PyObject* self, PyObject* const* arguments, size_t flags,
                         PyObject* keywords) {
  auto* const middleware = reinterpret_cast<Middleware*>(self);
  Attachment* attachment = Probe::Current();
  if (attachment == nullptr && !Probe::Get().started()) [[unlikely]] {
    // The first request of this process, under a server that has no hook of its own.
    Probe::Get().Start({.kind = ServerKind::kOther});
    attachment = Probe::Current();
  }
  if (attachment == nullptr || PyVectorcall_NARGS(flags) != 2 || keywords != nullptr ||
      !PyDict_Check(arguments[0])) {
    return PyObject_Vectorcall(middleware->app, arguments, flags, keywords);
  }
  return Serve(middleware, attachment, arguments);
}

// Attributes that are not ours are the wrapped callable's: code that looks at app.wsgi_app finds
// what it found before.
PyObject* MiddlewareAttribute(PyObject* self, PyObject* name) {
  PyObject* const own = PyObject_GenericGetAttr(self, name);
  if (own != nullptr || !PyErr_ExceptionMatches(PyExc_AttributeError)) return own;
  PyErr_Clear();
  return PyObject_GetAttr(reinterpret_cast<Middleware*>(self)->app, name);
}

int VisitMiddleware(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<Middleware*>(self)->app);
  Py_VISIT(reinterpret_cast<Middleware*>(self)->routes.source);
  return 0;
}

int ClearMiddleware(PyObject* self) {
  Py_CLEAR(reinterpret_cast<Middleware*>(self)->app);
  Py_CLEAR(reinterpret_cast<Middleware*>(self)->routes.source);
  return 0;
}

void FreeMiddleware(PyObject* self) {
  PyObject_GC_UnTrack(self);
  RemoveRouteSource(&reinterpret_cast<Middleware*>(self)->routes);
  ClearMiddleware(self);
  FreeObject(self);
}

PyMemberDef g_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Middleware, call), READONLY, nullptr},
    {"__wrapped__", T_OBJECT_EX, offsetof(Middleware, app), READONLY, "the wrapped WSGI callable"},
    {}};

}  // namespace

bool InitialiseMiddleware() {
  PyType_Slot slots[] = {{Py_tp_call, Slot(PyVectorcall_Call)},
                         {Py_tp_getattro, Slot(MiddlewareAttribute)},
                         {Py_tp_traverse, Slot(VisitMiddleware)},
                         {Py_tp_clear, Slot(ClearMiddleware)},
                         {Py_tp_dealloc, Slot(FreeMiddleware)},
                         {Py_tp_members, g_members},
                         {0, nullptr}};
  g_type =
      MakeType("stirbar.Middleware", sizeof(Middleware), kCallableType | kCollectedType, slots);
  return g_type != nullptr;
}

PyObject* NewMiddleware(PyObject* app, PyObject* route_source) {
  auto* const object = reinterpret_cast<Middleware*>(g_type->tp_alloc(g_type, 0));
  if (object == nullptr) return nullptr;
  object->call = CallMiddleware;
  object->app = Py_NewRef(app);
  object->routes = {.owner = reinterpret_cast<PyObject*>(object),
                    .source = route_source == Py_None ? nullptr : Py_XNewRef(route_source)};
  AddRouteSource(&object->routes);
  return reinterpret_cast<PyObject*>(object);
}

}  // namespace stirbar
