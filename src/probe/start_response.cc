#include <Python.h>
// First, because CPython asks for it.

#include <array>
#include <cstring>

#include "probe/python_type.h"
#include "probe/start_response.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

PyTypeObject* g_type = nullptr;

// By in-flight index: kept for the next request of it. Guarded by the interpreter lock.
std::array<PyObject*, kMaxInFlight> g_kept;

// "404 Not Found" -> 404; 0 for what is no status.
uint32_t StatusOf(PyObject* text) {
  const std::string_view digits = TextOf(text).substr(0, 3);
  uint32_t status = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + static_cast<uint32_t>(digit - '0');
  }
  return digits.size() == 3 ? status : 0;
}

// What the header says; a length that is no number is known, but not how long.
uint64_t ParseLength(PyObject* text) {
  uint64_t length = 0;
  for (const char digit : TextOf(text)) {
    if (digit < '0' || digit > '9' || length > UINT64_MAX / 16) return kNoLength - 1;
    length = length * 10 + static_cast<uint64_t>(digit - '0');
  }
  return length;
}

// Werkzeug writes the name with the same object each time.
bool IsContentLength(PyObject* name) {
  static PyObject* newest = nullptr;  // guarded by the interpreter lock; owned
  if (name == newest) return true;
  const std::string_view text = TextOf(name);
  constexpr std::string_view kName = "content-length";
  if (text.size() != kName.size() || strncasecmp(text.data(), kName.data(), kName.size()) != 0) {
    return false;
  }
  Py_INCREF(name);
  Py_XSETREF(newest, name);
  return true;
}

uint64_t LengthOf(PyObject* headers) {
  if (!PyList_Check(headers)) return kNoLength;
  const Py_ssize_t count = PyList_GET_SIZE(headers);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const pair = PyList_GET_ITEM(headers, i);
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) continue;
    if (IsContentLength(PyTuple_GET_ITEM(pair, 0))) return ParseLength(PyTuple_GET_ITEM(pair, 1));
  }
  return kNoLength;
}

PyObject* CallStartResponse(PyObject* self, PyObject* const* arguments, size_t flags,
                            PyObject* keywords) {
  auto* const object = reinterpret_cast<StartResponse*>(self);
  if (object->next == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "start_response called after the end of its request");
    return nullptr;
  }
  if (PyVectorcall_NARGS(flags) >= 2) {
    object->status = StatusOf(arguments[0]);
    object->length = LengthOf(arguments[1]);
  }
  return PyObject_Vectorcall(object->next, arguments, flags, keywords);
}

void FreeStartResponse(PyObject* self) {
  Py_XDECREF(reinterpret_cast<StartResponse*>(self)->next);
  FreeObject(self);
}

PyMemberDef g_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(StartResponse, call), READONLY, nullptr}, {}};

}  // namespace

bool InitialiseStartResponse() {
  PyType_Slot slots[] = {{Py_tp_call, Slot(PyVectorcall_Call)},
                         {Py_tp_dealloc, Slot(FreeStartResponse)},
                         {Py_tp_members, g_members},
                         {0, nullptr}};
  g_type = MakeType("stirbar.StartResponse", sizeof(StartResponse), kCallableType, slots);
  return g_type != nullptr;
}

StartResponse* TakeStartResponse(const Request& request, PyObject* next) {
  PyObject** const kept = request.in_flight < kMaxInFlight ? &g_kept[request.in_flight] : nullptr;
  PyObject* object = kept != nullptr ? *kept : nullptr;
  if (object != nullptr && Py_REFCNT(object) == 1) {
    Py_INCREF(object);
  } else {
    object = g_type->tp_alloc(g_type, 0);
    if (object == nullptr) return nullptr;
    reinterpret_cast<StartResponse*>(object)->call = CallStartResponse;
    if (kept != nullptr) {
      Py_INCREF(object);
      Py_XSETREF(*kept, object);
    }
  }
  auto* const start_response = reinterpret_cast<StartResponse*>(object);
  Py_INCREF(next);
  Py_XSETREF(start_response->next, next);
  start_response->status = kNoStatus;
  start_response->length = kNoLength;
  return start_response;
}

void ReleaseStartResponse(StartResponse* object) {
  Py_CLEAR(object->next);
  Py_DECREF(object);
}

}  // namespace stirbar
