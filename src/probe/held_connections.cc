#include "probe/held_connections.h"

#include "base/clock.h"
#include "probe/connection_table.h"
#include "probe/current_request.h"
#include "probe/python_type.h"
#include "segment/counters.h"
#include "segment/pools.h"

namespace stirbar {
namespace {

// The lane is shown, and decides nothing here.
PoolLane LaneNow() {
  return CurrentRequest() < kMaxInFlight ? PoolLane::kRequest : PoolLane::kTask;
}

uint32_t PoolCalled(PyObject* name) {
  const char* const text = PyUnicode_AsUTF8(name);  // kept within `name`
  if (text == nullptr) PyErr_Clear();
  return text != nullptr ? BookPool(text, false) : kPoolOther;
}

uint32_t RecordHeldBy(const PyObject* holder) {
  if (BookAttachment() == nullptr) return kNoRecord;
  for (size_t i = 0; i < kMaxConnections; ++i) {
    const BookedConnection& booked = Booked(i);
    if (booked.record != kNoRecord && booked.held() && booked.holder == holder) {
      return booked.record;
    }
  }
  return kNoRecord;
}

void CountCheckout(PoolStats& stats, PoolLane lane) {
  AddTo(Counter(stats,
                lane == PoolLane::kTask ? PoolCounter::task_checkouts : PoolCounter::checkouts),
        1);
  stats.active.store(stats.active.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void CountCheckin(PoolStats& stats, uint64_t held_ns) {
  AddTo(Counter(stats, PoolCounter::hold_ns), held_ns);
  if (held_ns > stats.hold_max_ns.load(std::memory_order_relaxed)) {
    stats.hold_max_ns.store(held_ns, std::memory_order_relaxed);
  }
  const uint32_t active = stats.active.load(std::memory_order_relaxed);
  if (active > 0) stats.active.store(active - 1, std::memory_order_relaxed);
}

void CheckIn(PyObject* holder) {
  const uint32_t record = RecordHeldBy(holder);
  if (record == kNoRecord) return;
  PoolStats* const stats = StatsOfPool(PoolOfRecord(record));
  const uint64_t held_ns = BookCheckin(record);
  if (stats != nullptr) CountCheckin(*stats, held_ns);
  BookClosed(record);
}

void CheckOut(PyObject* name, PyObject* holder) {
  // StaticPool gives the same one to several at once: the newest holder is the one that is seen.
  CheckIn(holder);
  const uint32_t pool = PoolCalled(name);
  const uint32_t record = BookConnecting(pool);
  if (record == kNoRecord) return;
  const PoolLane lane = LaneNow();
  BookCheckout(record, lane, holder);
  if (PoolStats* const stats = StatsOfPool(pool); stats != nullptr) CountCheckout(*stats, lane);
}

PyObject* OnCheckout(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count > 1) CheckOut(self, arguments[1]);
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

PyObject* NewCheckoutListener(PyObject* name) { return PyCFunction_New(&g_checkout, name); }
PyObject* NewCheckinListener(PyObject* name) { return PyCFunction_New(&g_checkin, name); }

}  // namespace stirbar
