// The routes of one app, as its Middleware knows them before Flask has matched anything.
//
// Python is asked for them (its rules may be added until the first request, and in tests later), on
// the knock thread, so that no request waits for it. Where there is no such thread, the first
// request that needs them asks.
//
// Threads: all with the interpreter lock held.
#pragma once

#include <Python.h>

#include <memory>

#include "probe/path_table.h"

namespace stirbar {

// A member of a Middleware. `source(known)`: None while the app has `known` rules still, else a
// list of (rule, [method, ...], policy); policy as ReadPolicy() takes it.
struct RouteSource {
  PyObject* owner = nullptr;   // the Middleware
  PyObject* source = nullptr;  // may be null: not a Flask app
  PathTable* table = nullptr;  // null until it was asked
  Py_ssize_t known = -1;       // rows of the table
};

// Those that RefreshRouteSources() asks. Failure: no memory, then that one is asked by requests.
void AddRouteSource(RouteSource* source) noexcept;
void RemoveRouteSource(RouteSource* source) noexcept;

// Asks one, or all. No Python exception is left behind; the former table stays where it fails.
void RefreshRouteSource(RouteSource* source) noexcept;
void RefreshRouteSources();

// That of the process's only app; null where there are several, or none that was asked.
PathTable* SoleTable() noexcept;

// The route of a request that is not begun; null where none is known.
PathTable::Route* FindRouteOf(RouteSource* source, HttpMethod method, PyObject* environ) noexcept;

}  // namespace stirbar
