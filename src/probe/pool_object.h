// What the files of the pool's Python type share: checkout and checkin (pool_type.cc), and what the
// Python class knows and orders (pool_methods.cc).
#pragma once

#include <Python.h>
// First, because CPython asks for it.

#include <vector>

#include "probe/pool_core.h"
#include "probe/pool_wait.h"

namespace stirbar {

struct PoolObject {
  PyObject_HEAD PoolCore* core;
  PyObject* timeout;  // as it was given: a number or None
};

inline PoolObject* Object(PyObject* self) { return reinterpret_cast<PoolObject*>(self); }

inline PoolCore& CoreOf(PyObject* self) {
  PoolCore& core = *Object(self)->core;
  core.Follow();
  return core;
}

// After any change: tells who was granted, and the segment.
inline void Settle(PoolCore& core) {
  core.Publish();
  WakeGranted(core.queue());
}

// Gives an active connection back, or closes it where it is not wanted any more. Takes over the
// caller's reference to the record. False with an exception, of a driver that cannot close.
bool GiveBack(PoolCore& core, PoolEntry* entry, bool expired);

// Of pool_methods.cc; the end of the table is among them.
void AddPoolMethods(std::vector<PyMethodDef>* methods);
PyGetSetDef* PoolProperties();

}  // namespace stirbar
