#include <Python.h>
// First, because CPython asks for it.

#include <climits>

#include "probe/socket_descriptor.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

// How every CPython begins its socket objects (Modules/socketmodule.h, which is not installed).
struct SocketObject {
  PyObject_HEAD int descriptor;
};

// The type that owns that layout, and whether it was found as expected. Guarded by the interpreter
// lock.
enum class Layout { kUnknown, kAsExpected, kOther };
Layout g_layout = Layout::kUnknown;
PyTypeObject* g_socket_type = nullptr;

// A method call without a bound method: a third of PyObject_AsFileDescriptor's instructions.
int CallFileno(PyObject* socket) {
  PyObject* const arguments[] = {socket};
  return DescriptorFrom(PyObject_VectorcallMethod(Names::Get().fileno, arguments,
                                                  1 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
}

void FindSocketType() {
  g_layout = Layout::kOther;
  PyObject* const module = PyImport_ImportModule("_socket");
  PyObject* const type = module != nullptr ? PyObject_GetAttrString(module, "socket") : nullptr;
  PyErr_Clear();
  Py_XDECREF(module);
  if (type == nullptr || !PyType_Check(type)) {
    Py_XDECREF(type);
    return;
  }
  g_socket_type = reinterpret_cast<PyTypeObject*>(type);  // kept
  if (g_socket_type->tp_basicsize >= static_cast<Py_ssize_t>(sizeof(SocketObject))) {
    g_layout = Layout::kUnknown;
  }
}

}  // namespace

int DescriptorFrom(PyObject* number) noexcept {
  long descriptor = -1;
  if (number != nullptr && PyLong_Check(number)) descriptor = PyLong_AsLong(number);
  PyErr_Clear();
  Py_XDECREF(number);
  return descriptor >= 0 && descriptor <= INT_MAX ? static_cast<int>(descriptor) : -1;
}

int DescriptorOf(PyObject* socket) noexcept {
  if (g_layout == Layout::kUnknown && g_socket_type == nullptr) FindSocketType();
  if (g_layout == Layout::kOther || !PyObject_TypeCheck(socket, g_socket_type)) {
    return CallFileno(socket);
  }
  const int found = reinterpret_cast<const SocketObject*>(socket)->descriptor;
  if (g_layout == Layout::kAsExpected) return found;
  // The first one that is open: it must say the same itself.
  const int said = CallFileno(socket);
  if (said >= 0) g_layout = said == found ? Layout::kAsExpected : Layout::kOther;
  return said;
}

}  // namespace stirbar
