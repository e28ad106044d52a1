#include <Python.h>
// First, because CPython asks for it.

#include <algorithm>

#include "probe/executor_depth.h"

namespace stirbar {
namespace {

PyObject* g_source = nullptr;  // guarded by the interpreter lock

}  // namespace

void SetDepthSource(PyObject* source) noexcept {
  Py_XINCREF(source);
  Py_XSETREF(g_source, source);
}

uint32_t ExecutorDepth() {
  if (g_source == nullptr) return 0;
  PyObject* const source = Py_NewRef(g_source);
  PyObject* const number = PyObject_CallNoArgs(source);
  const long long depth = number != nullptr ? PyLong_AsLongLong(number) : 0;
  PyErr_Clear();
  Py_XDECREF(number);
  Py_DECREF(source);
  return static_cast<uint32_t>(std::clamp<long long>(depth, 0, UINT32_MAX));
}

}  // namespace stirbar
