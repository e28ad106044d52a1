// Making the probe's Python types: what each of their files would otherwise repeat.
#pragma once

#include <Python.h>
#include <structmember.h>

#include <cstddef>

namespace stirbar {

inline constexpr unsigned kCallableType = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL;
inline constexpr unsigned kCollectedType = Py_TPFLAGS_HAVE_GC;

// A slot's function as PyType_Slot wants it.
template <typename Function>
void* Slot(Function function) {
  return reinterpret_cast<void*>(function);
}

// A METH_FASTCALL function as PyMethodDef wants it.
inline PyCFunction FastCall(PyObject* (*function)(PyObject*, PyObject* const*, Py_ssize_t)) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// A type that Python code cannot make objects of. Null with an exception: out of memory.
inline PyTypeObject* MakeType(const char* name, size_t bytes, unsigned flags, PyType_Slot* slots) {
  constexpr auto kNotByUsers = static_cast<unsigned>(Py_TPFLAGS_DISALLOW_INSTANTIATION);
  PyType_Spec spec{name, static_cast<int>(bytes), 0, flags | kNotByUsers, slots};
  return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

// Gives the memory of an object of a heap type back; its members are cleared already.
inline void FreeObject(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

}  // namespace stirbar
