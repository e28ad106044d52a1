#include <Python.h>
// First, because CPython asks for it.

#include "probe/current_request.h"
#include "probe/python_type.h"
#include "probe/streamed_body.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

struct Body {
  PyObject_HEAD PyObject* iterable;  // what the app returned
  PyObject* iterator;                // made by the first next()
  StartResponse* start_response;
  Request request;
  uint32_t route;
  uint32_t exceptions;
  bool ended;
};

PyTypeObject* g_type = nullptr;

void EndBody(Body* body) {
  if (body->ended) return;
  body->ended = true;
  const uint32_t status = body->start_response->status;
  EndRequest(body->request, {.route = body->route,
                             .status = status == kNoStatus ? 0 : status,
                             .exceptions = body->exceptions,
                             .response_bytes = body->start_response->length});
  ReleaseStartResponse(body->start_response);
  body->start_response = nullptr;
}

PyObject* NextChunk(PyObject* self) {
  auto* const body = reinterpret_cast<Body*>(self);
  if (body->iterable == nullptr) return nullptr;  // the garbage collector has been here
  if (body->iterator == nullptr) {
    body->iterator = PyObject_GetIter(body->iterable);
    if (body->iterator == nullptr) return nullptr;
  }
  const uint32_t before = EnterRequest(body->request.in_flight);
  PyObject* const chunk = (*Py_TYPE(body->iterator)->tp_iternext)(body->iterator);
  LeaveRequest(before);
  if (chunk == nullptr && PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_StopIteration)) {
    body->exceptions = 1;
  }
  return chunk;
}

PyObject* CloseBody(PyObject* self, PyObject*) {
  auto* const body = reinterpret_cast<Body*>(self);
  if (body->iterable == nullptr) Py_RETURN_NONE;  // the garbage collector has been here
  PyObject* result = nullptr;
  PyObject* const close = PyObject_GetAttr(body->iterable, Names::Get().close);
  if (close != nullptr) {
    result = PyObject_CallNoArgs(close);
    if (result == nullptr) body->exceptions = 1;
    Py_DECREF(close);
  } else if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
    PyErr_Clear();
    result = Py_NewRef(Py_None);
  }
  EndBody(body);
  return result;
}

int VisitBody(PyObject* self, visitproc visit, void* arg) {
  auto* const body = reinterpret_cast<Body*>(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(body->iterable);
  Py_VISIT(body->iterator);
  return 0;
}

int ClearBody(PyObject* self) {
  auto* const body = reinterpret_cast<Body*>(self);
  Py_CLEAR(body->iterable);
  Py_CLEAR(body->iterator);
  return 0;
}

// A server that never calls close() ends the request here.
void FreeBody(PyObject* self) {
  PyObject_GC_UnTrack(self);
  EndBody(reinterpret_cast<Body*>(self));
  ClearBody(self);
  FreeObject(self);
}

PyMethodDef g_methods[] = {
    {"close", CloseBody, METH_NOARGS, "Closes the app's iterable and ends the request."}, {}};

}  // namespace

bool InitialiseStreamedBody() {
  PyType_Slot slots[] = {{Py_tp_iter, Slot(PyObject_SelfIter)},
                         {Py_tp_iternext, Slot(NextChunk)},
                         {Py_tp_methods, g_methods},
                         {Py_tp_traverse, Slot(VisitBody)},
                         {Py_tp_clear, Slot(ClearBody)},
                         {Py_tp_dealloc, Slot(FreeBody)},
                         {0, nullptr}};
  g_type = MakeType("stirbar.Body", sizeof(Body), Py_TPFLAGS_DEFAULT | kCollectedType, slots);
  return g_type != nullptr;
}

PyObject* WrapBody(PyObject* iterable, const Request& request, uint32_t route,
                   StartResponse* start_response) {
  auto* const body = reinterpret_cast<Body*>(g_type->tp_alloc(g_type, 0));
  if (body == nullptr) return nullptr;
  body->iterable = Py_NewRef(iterable);
  body->start_response = start_response;
  body->request = request;
  body->route = route;
  return reinterpret_cast<PyObject*>(body);
}

bool MustWrap(PyObject* result, PyObject* environ, const StartResponse* start_response) {
  if (PyList_Check(result) || PyTuple_Check(result)) return false;
  // Whoever has not called start_response yet does so when the body is read.
  if (start_response->status == kNoStatus) return true;
  if (start_response->length != kNoLength) return false;
  // Servers send files by sendfile() only when they see their own wrapper.
  PyObject* const wrapper = PyDict_GetItemWithError(environ, Names::Get().file_wrapper);
  if (wrapper == nullptr) return true;
  // uWSGI's is a function that returns the file itself.
  if (!PyType_Check(wrapper)) return PyObject_HasAttr(result, Names::Get().read) == 0;
  return reinterpret_cast<PyObject*>(Py_TYPE(result)) != wrapper;
}

}  // namespace stirbar
