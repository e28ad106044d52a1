// Whether a request that has come is let in to the app: admission (admission.h) joined with the
// orders in force, the route, and the cap on streams.
//
// Threads: with the interpreter lock held. Time: about 30 instructions while there is no overload
// and no order; a few hundred otherwise.
#pragma once

#include <Python.h>

#include <string_view>

#include "probe/attachment.h"
#include "probe/request_arrival.h"
#include "probe/route_source.h"

namespace stirbar {

// True: answer with Refuse(); it is counted. Counts what would have been refused where that is only
// to be observed, and returns false.
bool MustRefuse(Attachment* attachment, RouteSource* routes, PyObject* environ,
                const Arrival& arrival) noexcept;

// The same of a request to `path` that the server has not read, in a process with one app. True: it
// is counted as refused. False: serve it, MustRefuse() will be asked; also where it matches no
// route, and where refusals are only observed.
bool MustRefuseUnread(Attachment* attachment, std::string_view path,
                      const Arrival& arrival) noexcept;

}  // namespace stirbar
