// Pools of classes that are not Stirbar's (QueuePool where that is not wanted, NullPool,
// StaticPool, ...): of their connections the book has those that are held, as listeners of
// SQLAlchemy's pool events tell. Stirbar's own pool tells the book itself.
//
// Threads: with the interpreter lock held. Time: a look through the connections that are held.
#pragma once

#include <Python.h>

namespace stirbar {

// New references to the callables for the events "checkout" (connection, record, fairy) and
// "checkin" and "detach" (connection, record) of the pools called `name` (a str; whole URLs do not
// belong there: they hold passwords); null with an exception.
PyObject* NewCheckoutListener(PyObject* name);
PyObject* NewCheckinListener(PyObject* name);

}  // namespace stirbar
