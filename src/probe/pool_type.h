// The type that stirbar.pool.FairPool mixes into SQLAlchemy's QueuePool: `_do_get` and
// `_do_return_conn` as C functions, and what the Python class needs to know and to order.
//
// What takes long or calls drivers is the Python class's: it is called only where a connection is
// opened, closed, pinged, refused or waited for.
#pragma once

#include <Python.h>

namespace stirbar {

// Makes the types. False with an exception: out of memory.
bool InitialisePoolType();
// The class to derive from. Borrowed.
PyObject* PoolType();

}  // namespace stirbar
