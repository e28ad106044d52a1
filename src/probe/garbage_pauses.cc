#include "probe/garbage_pauses.h"

#include "base/clock.h"
#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/python_type.h"
#include "probe/time_parts.h"

namespace stirbar {
namespace {

// Collections of one interpreter do not overlap: what begins here ends before the next begins.
struct Pause {
  uint32_t in_flight = kMaxInFlight;
  uint64_t since_ns = 0;
};
Pause g_pause;  // guarded by the interpreter lock

PyObject* OnCollection(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  constexpr Py_ssize_t kStartLength = 5;  // "start", not "stop": a new str each time
  if (count > 0 && PyUnicode_Check(arguments[0])) {
    if (PyUnicode_GET_LENGTH(arguments[0]) == kStartLength) {
      g_pause.in_flight = CurrentRequest();
      if (g_pause.in_flight < kMaxInFlight) g_pause.since_ns = MonotonicNs();
    } else if (g_pause.in_flight < kMaxInFlight) {
      Attachment* const attachment = Probe::Current();
      const uint32_t in_flight = g_pause.in_flight;
      g_pause.in_flight = kMaxInFlight;
      if (attachment != nullptr) {
        AddGarbagePause(attachment->slot(), in_flight, MonotonicNs() - g_pause.since_ns);
      }
    }
  }
  Py_RETURN_NONE;
}

PyMethodDef g_listener{"stirbar_garbage_pauses", FastCall(OnCollection), METH_FASTCALL,
                       "Notes the pauses of the garbage collector."};

}  // namespace

PyObject* NewGarbageListener() { return PyCFunction_New(&g_listener, nullptr); }

}  // namespace stirbar
