#include <Python.h>
// First, because CPython asks for it.

#include "probe/probe.h"
#include "probe/python_type.h"
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
};

PyTypeObject* g_type = nullptr;

PyObject* FinishCall(PyObject* result, PyObject* environ, const Request& request,
                     StartResponse* start_response) {
  if (result == nullptr) {
    const KeptException kept;
    EndRequest(request, {.route = RouteOf(request, environ), .status_class = 4, .exceptions = 1});
    ReleaseStartResponse(start_response);
    return nullptr;
  }
  const uint32_t route = RouteOf(request, environ);
  const uint32_t status = start_response->status_class;
  if (MustWrap(result, environ, start_response)) {
    PyObject* const body = WrapBody(result, request, route, start_response);
    if (body != nullptr) {
      BeginStreaming(request);
      Py_DECREF(result);
      return body;
    }
    PyErr_Clear();  // out of memory: counted as ended now
  }
  EndRequest(request, {.route = route, .status_class = status == kNoStatus ? 4 : status});
  ReleaseStartResponse(start_response);
  return result;
}

PyObject* CallMiddleware(PyObject* self, PyObject* const* arguments, size_t flags,
                         PyObject* keywords) {
  PyObject* const app = reinterpret_cast<Middleware*>(self)->app;
  Attachment* attachment = Probe::Current();
  if (attachment == nullptr && !Probe::Get().started()) [[unlikely]] {
    // The first request of this process, under a server that has no hook of its own.
    Probe::Get().Start(ServerKind::kOther, LockProbe::kRunning);
    attachment = Probe::Current();
  }
  if (attachment == nullptr || PyVectorcall_NARGS(flags) != 2 || keywords != nullptr ||
      !PyDict_Check(arguments[0])) {
    return PyObject_Vectorcall(app, arguments, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET, keywords);
  }
  PyObject* const environ = arguments[0];
  const Request request = BeginRequest(attachment, environ);
  StartResponse* const start_response = TakeStartResponse(request, arguments[1]);
  if (start_response == nullptr) {
    PyErr_Clear();
    EndRequest(request, {});
    return PyObject_Vectorcall(app, arguments, 2, nullptr);
  }
  PyObject* const forwarded[] = {environ, reinterpret_cast<PyObject*>(start_response)};
  PyObject* const result = PyObject_Vectorcall(app, forwarded, 2, nullptr);
  return FinishCall(result, environ, request, start_response);
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
  return 0;
}

int ClearMiddleware(PyObject* self) {
  Py_CLEAR(reinterpret_cast<Middleware*>(self)->app);
  return 0;
}

void FreeMiddleware(PyObject* self) {
  PyObject_GC_UnTrack(self);
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

PyObject* NewMiddleware(PyObject* app) {
  auto* const object = reinterpret_cast<Middleware*>(g_type->tp_alloc(g_type, 0));
  if (object == nullptr) return nullptr;
  object->call = CallMiddleware;
  object->app = Py_NewRef(app);
  return reinterpret_cast<PyObject*>(object);
}

}  // namespace stirbar
