#include <Python.h>
// First, because CPython asks for it.

#include <array>
#include <cstring>

#include "probe/python_type.h"
#include "probe/start_response.h"

namespace stirbar {
namespace {

PyTypeObject* g_type = nullptr;

// By in-flight index: kept for the next request of it. Guarded by the interpreter lock.
std::array<PyObject*, kMaxInFlight> g_kept;

// "404 Not Found" -> 3. What is no status counts as 5xx, as a server would treat it.
uint32_t StatusClassOf(PyObject* status) {
  if (!PyUnicode_Check(status) || PyUnicode_GET_LENGTH(status) < 1) return 4;
  const Py_UCS4 digit = PyUnicode_READ_CHAR(status, 0);
  return digit >= '1' && digit <= '5' ? digit - '1' : 4;
}

Length LengthOf(PyObject* headers) {
  if (!PyList_Check(headers)) return Length::kUnknown;
  const Py_ssize_t count = PyList_GET_SIZE(headers);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const pair = PyList_GET_ITEM(headers, i);
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) continue;
    PyObject* const name = PyTuple_GET_ITEM(pair, 0);
    constexpr const char kName[] = "content-length";
    if (!PyUnicode_Check(name) || PyUnicode_GET_LENGTH(name) != sizeof kName - 1 ||
        !PyUnicode_IS_ASCII(name)) {
      continue;
    }
    if (strncasecmp(static_cast<const char*>(PyUnicode_DATA(name)), kName, sizeof kName - 1) == 0) {
      return Length::kKnown;
    }
  }
  return Length::kUnknown;
}

PyObject* CallStartResponse(PyObject* self, PyObject* const* arguments, size_t flags,
                            PyObject* keywords) {
  auto* const object = reinterpret_cast<StartResponse*>(self);
  if (object->next == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "start_response called after the end of its request");
    return nullptr;
  }
  if (PyVectorcall_NARGS(flags) >= 2) {
    object->status_class = StatusClassOf(arguments[0]);
    object->length = LengthOf(arguments[1]);
  }
  return PyObject_Vectorcall(object->next, arguments, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET,
                             keywords);
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
  start_response->status_class = kNoStatus;
  start_response->length = Length::kUnknown;
  return start_response;
}

void ReleaseStartResponse(StartResponse* object) {
  Py_CLEAR(object->next);
  Py_DECREF(object);
}

}  // namespace stirbar
