// Since when each request holds a connection of a SQLAlchemy pool (segment:
// InFlight::connection_since_ns). A request may hold several, and give them back in any order, from
// any thread, or never.
//
// Threads: with the interpreter lock held. Time: a look through the connections that are held.
#pragma once

#include <Python.h>

namespace stirbar {

// New references to the callables for the events "checkout" (connection, record, fairy) and
// "checkin" and "detach" (connection, record) of sqlalchemy.pool.Pool; null with an exception.
PyObject* NewCheckoutListener();
PyObject* NewCheckinListener();

}  // namespace stirbar
