// The descriptor of a Python socket object.
#pragma once

#include <Python.h>

namespace stirbar {

// -1 where `socket` has none; no exception is left behind. Threads: with the interpreter lock held.
// Time: 30 instructions for the standard library's sockets and what is derived from them; a call of
// fileno() for anything else.
int DescriptorOf(PyObject* socket) noexcept;

// As an int object says; takes the reference, which may be null with an exception.
int DescriptorFrom(PyObject* number) noexcept;

}  // namespace stirbar
