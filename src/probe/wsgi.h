// The WSGI face of the probe: Python types, written against the C API because each request goes
// through them (a nanobind call costs 20-30 ns more; the budget for everything is 500 ns).
//
//   server ──> Middleware ──> app.wsgi_app                      queue time, admission, in-flight
//   slot
//                 │  └─ StartResponse <── app                   status, Content-Length
//                 │  └─ RouteHook     <── app.preprocess_request   url_rule, before any view runs
//                 └─ Body <── server                            end of a streamed response
//
// A response with Content-Length, a list or a tuple counts as ended when the app returns: what the
// server then needs to write it to a slow client is not in its duration. Any other body is wrapped
// and ends when the server closes it.
//
// A request that is refused does not reach the app (gate.h); one that was interrupted is answered
// in its place (interrupt.h).
//
// Failure: whatever happens here, the app is called as if Stirbar were not there, and its
// exceptions pass through unchanged.
#pragma once

struct _object;  // PyObject

namespace stirbar {

// Makes the types. False with a Python exception set: out of memory.
bool InitialiseWsgiTypes();
bool InitialiseMiddleware();  // part of it, as the next
bool InitialiseRouteHook();

// Middleware(app, route_source): a WSGI callable around the callable `app`. `route_source`: as
// RouteSource::source; null or None: `app` is no Flask application. New reference, or null with an
// exception.
_object* NewMiddleware(_object* app, _object* route_source);

// RouteHook(original, context_variable, policy_source): takes the place of
// Flask.preprocess_request, notes the rule of the request, and calls `original`. `context_variable`
// is the ContextVar that holds the context with the request (Flask < 3.2); newer ones pass it as
// first argument. `policy_source`: as RouteCache::Find; may be None.
_object* NewRouteHook(_object* original, _object* context_variable, _object* policy_source);

}  // namespace stirbar
