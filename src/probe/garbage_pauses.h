// Pauses of the garbage collector, put to the request that they interrupt.
#pragma once

#include <Python.h>

namespace stirbar {

// New reference to the callable for gc.callbacks, called ("start" or "stop", info) around each
// collection, on the thread that collects; null with an exception.
PyObject* NewGarbageListener();

}  // namespace stirbar
