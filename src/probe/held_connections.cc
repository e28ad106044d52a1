#include "probe/held_connections.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/python_type.h"

namespace stirbar {
namespace {

// Who holds a connection. The record is the pool's, lives as long as the connection is held, and is
// only compared.
struct Held {
  const PyObject* record = nullptr;
  uint32_t in_flight = kMaxInFlight;
  uint64_t started_ns = 0;  // of the request: its index may be another's by now
  uint64_t since_ns = 0;
};

// More connections than a worker's requests can hold are forgotten, oldest first.
std::array<Held, 2 * kMaxInFlight> g_held;
size_t g_held_count = 0;

Held* Find(const PyObject* record) {
  Held* const end = g_held.data() + g_held_count;
  Held* const found = std::find_if(g_held.data(), end,
                                   [record](const Held& held) { return held.record == record; });
  return found != end ? found : nullptr;
}

void Remove(Held* held) {
  std::copy(held + 1, g_held.data() + g_held_count, held);
  --g_held_count;
}

// Since when that request holds one still; 0: it does not. In order of time: the first is it.
uint64_t OldestOf(uint32_t in_flight, uint64_t started_ns) {
  for (size_t i = 0; i < g_held_count; ++i) {
    if (g_held[i].in_flight == in_flight && g_held[i].started_ns == started_ns) {
      return g_held[i].since_ns;
    }
  }
  return 0;
}

void CheckOut(const PyObject* record) {
  const uint32_t in_flight = CurrentRequest();
  const Attachment* const attachment = Probe::Current();
  if (in_flight >= kMaxInFlight || attachment == nullptr) return;
  // Its former holder never gave it back (the request has ended, the pool took it).
  if (Held* const former = Find(record); former != nullptr) Remove(former);
  if (g_held_count == g_held.size()) Remove(g_held.data());
  InFlight& request = attachment->slot().in_flight[in_flight];
  const uint64_t now_ns = MonotonicNs();
  g_held[g_held_count++] = {record, in_flight, request.started_ns.load(std::memory_order_relaxed),
                            now_ns};
  if (request.connection_since_ns.load(std::memory_order_relaxed) == 0) {
    request.connection_since_ns.store(now_ns, std::memory_order_relaxed);
  }
}

void CheckIn(const PyObject* record) {
  Held* const held = Find(record);
  if (held == nullptr) return;
  const Held gone = *held;
  Remove(held);
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return;
  InFlight& request = attachment->slot().in_flight[gone.in_flight];
  if (request.started_ns.load(std::memory_order_relaxed) != gone.started_ns) return;
  request.connection_since_ns.store(OldestOf(gone.in_flight, gone.started_ns),
                                    std::memory_order_relaxed);
}

PyObject* OnCheckout(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  if (count > 1) CheckOut(arguments[1]);
  Py_RETURN_NONE;
}

PyObject* OnCheckin(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  if (count > 1) CheckIn(arguments[1]);
  Py_RETURN_NONE;
}

PyMethodDef g_checkout{"checkout", FastCall(OnCheckout), METH_FASTCALL,
                       "Notes who holds a connection."};
PyMethodDef g_checkin{"checkin", FastCall(OnCheckin), METH_FASTCALL,
                      "Notes that a connection is held no more."};

}  // namespace

PyObject* NewCheckoutListener() { return PyCFunction_New(&g_checkout, nullptr); }
PyObject* NewCheckinListener() { return PyCFunction_New(&g_checkin, nullptr); }

}  // namespace stirbar
