#include <Python.h>
// First, because CPython asks for it.

#include "probe/interrupt.h"
#include "probe/start_response.h"
#include "probe/streamed_body.h"
#include "probe/wsgi.h"
#include "probe/wsgi_names.h"

namespace stirbar {

bool InitialiseWsgiTypes() {
  return Names::Initialise() && InitialiseStartResponse() && InitialiseStreamedBody() &&
         InitialiseMiddleware() && InitialiseRouteHook() && InitialiseInterrupt();
}

}  // namespace stirbar
