// A response body whose length is not known: the request ends when the server has read and closed
// it.
#pragma once

#include <Python.h>

#include "probe/start_response.h"

namespace stirbar {

// False with a Python exception: out of memory.
bool InitialiseStreamedBody();

// Whether `result`, what the app returned for `environ`, must be wrapped to see its end.
bool MustWrap(PyObject* result, PyObject* environ, const StartResponse* start_response);

// An iterator over `iterable` that ends `request` when it is closed, or freed without. Takes the
// reference to `start_response` on success. New reference; null with an exception: out of memory.
PyObject* WrapBody(PyObject* iterable, const Request& request, uint32_t route,
                   StartResponse* start_response);

}  // namespace stirbar
