// A method of a library around which the probe takes the time: it stands in the class where the
// original stood, is bound to instances as a function is, and calls the original with what it got.
// Written against the C API: a statement may take 10 us, and a wrapper in Python 1 us of them.
//
// Failure: what the original raises passes through unchanged. Without a request, or without a
// segment, it only calls on.
#pragma once

#include <Python.h>

#include "segment/layout.h"

namespace stirbar {

enum class TimedKind : uint8_t {
  kStatement,       // Dialect.do_execute(self, cursor, statement, ...)
  kConnection,      // of a Dialect too: connect: SQL time, but no statement
  kTransactionEnd,  // as that: do_commit(self, connection), do_rollback
  kRedis,           // Redis.execute_command and what is like it
};

// False with a Python exception set: out of memory.
bool InitialiseTimedMethod();

// New reference, or null with an exception. `original`: a function. Precondition:
// InitialiseTimedMethod() was true.
PyObject* NewTimedMethod(PyObject* original, TimedKind kind);

}  // namespace stirbar
