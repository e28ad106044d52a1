#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "probe/pool_object.h"
#include "probe/pool_wait.h"
#include "probe/python_type.h"

namespace stirbar {
namespace {

uint64_t NanosecondsOf(double seconds) {
  if (!(seconds > 0)) return 0;
  return seconds < 1e9 ? static_cast<uint64_t>(seconds * 1e9) : 1'000'000'000'000'000'000U;
}

// _opening(record): its connection is about to be opened.
PyObject* Opening(PyObject* self, PyObject* record) {
  PoolCore& core = CoreOf(self);
  PoolEntry* entry = core.Find(record);
  if (entry == nullptr) entry = core.Add(record);
  if (entry == nullptr) return nullptr;
  core.NoteConnecting(entry);
  Py_RETURN_NONE;
}

// _opened(record, target): it is. One whose record is out already belongs to its holder.
PyObject* Opened(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) {
    PyErr_SetString(PyExc_TypeError, "_opened(record, target)");
    return nullptr;
  }
  const unsigned long target = PyLong_AsUnsignedLong(arguments[1]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  PoolCore& core = CoreOf(self);
  if (PoolEntry* const entry = core.Find(arguments[0]); entry != nullptr) {
    core.NoteOpened(entry, static_cast<uint32_t>(target));
    if (entry->state == PooledConnection::State::kActive) {
      BookCheckout(entry->book, entry->lane, entry->record);
    }
  }
  Py_RETURN_NONE;
}

// _open_failed(record)
PyObject* OpenFailed(PyObject* self, PyObject* record) {
  PoolCore& core = CoreOf(self);
  core.Count(PoolCounter::connect_failures);
  if (PoolEntry* const entry = core.Find(record); entry != nullptr) {
    core.NoteClosed(entry);
    if (entry->state == PooledConnection::State::kOut) core.Erase(entry);
  }
  Py_RETURN_NONE;
}

// Takes an idle connection out, as active; its reference goes to the caller.
PyObject* TakeOut(PoolCore& core, PoolEntry* entry) {
  core.queue().TakeIdle(*entry);
  core.Publish();
  return entry->record;
}

// _take_idle() -> record or None: the one that has been idle for longest.
PyObject* TakeIdle(PyObject* self, PyObject*) {
  PoolCore& core = CoreOf(self);
  PooledConnection* const oldest = core.queue().oldest_idle();
  if (oldest == nullptr) Py_RETURN_NONE;
  return TakeOut(core, static_cast<PoolEntry*>(oldest));
}

// _take_out(record): that one, if it is idle; it is to be kept or dropped then.
PyObject* TakeOutThat(PyObject* self, PyObject* record) {
  PoolCore& core = CoreOf(self);
  PoolEntry* const entry = core.Find(record);
  if (entry == nullptr || entry->state != PooledConnection::State::kIdle) Py_RETURN_FALSE;
  Py_DECREF(TakeOut(core, entry));  // the caller has a reference of its own
  Py_RETURN_TRUE;
}

// _idle_records() -> list, in the order in which they came back
PyObject* IdleRecords(PyObject* self, PyObject*) {
  // First all references, then the list: making it may run the garbage collector, and that may
  // return a connection.
  std::vector<PyObject*> records;
  CoreOf(self).ForEachIdle(
      [&](const PoolEntry& entry) { records.push_back(Py_NewRef(entry.record)); });
  PyObject* const list = PyList_New(static_cast<Py_ssize_t>(records.size()));
  for (size_t i = 0; i < records.size(); ++i) {
    if (list != nullptr) {
      PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), records[i]);
    } else {
      Py_DECREF(records[i]);
    }
  }
  return list;
}

// _due() -> (record, Upkeep) or None: takes out the next idle connection that needs something.
// Frees the places of records that were lost.
PyObject* Due(PyObject* self, PyObject*) {
  PoolCore& core = CoreOf(self);
  core.FindLost();
  const uint64_t now_ns = MonotonicNs();
  PoolEntry* due = nullptr;
  Upkeep what = Upkeep::kNone;
  core.ForEachIdle([&](PoolEntry& entry) {
    if (what != Upkeep::kNone || !entry.open) return;
    what = UpkeepOf(entry.times, core.upkeep, now_ns);
    if (what != Upkeep::kNone) due = &entry;
  });
  if (due == nullptr) Py_RETURN_NONE;
  PyObject* const record = TakeOut(core, due);
  return Py_BuildValue("NI", record, static_cast<unsigned>(what));
}

// _surplus() -> int: idle connections beyond the size that nobody has needed for a while. To be
// asked once a second or so, and then as many be taken by _take_idle().
PyObject* Surplus(PyObject* self, PyObject*) {
  PoolCore& core = CoreOf(self);
  PoolQueue& queue = core.queue();
  core.NoteLoad();
  const uint32_t unused = core.surplus.Note(queue.TakeLowestIdle(), MonotonicNs(), core.linger_ns);
  const uint32_t size = queue.limits().size;
  const uint32_t beyond = size != 0 && queue.total() > size ? queue.total() - size : 0;
  const uint32_t surplus = std::min({unused, beyond, queue.idle()});
  if (surplus != 0) core.surplus.Forget();
  return PyLong_FromUnsignedLong(surplus);
}

// _keep(record): one that was taken out lives, and is idle again.
PyObject* Keep(PyObject* self, PyObject* record) {
  PoolCore& core = CoreOf(self);
  PoolEntry* const entry = core.Find(record);
  if (entry == nullptr || entry->state != PooledConnection::State::kActive) Py_RETURN_NONE;
  entry->times.last_sign_ns = MonotonicNs();
  Py_INCREF(record);
  if (!GiveBack(core, entry, false)) return nullptr;
  Py_RETURN_NONE;
}

// _drop(record, Upkeep): one that was taken out has been closed.
PyObject* Drop(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) {
    PyErr_SetString(PyExc_TypeError, "_drop(record, why)");
    return nullptr;
  }
  const unsigned long why = PyLong_AsUnsignedLong(arguments[1]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  PoolCore& core = CoreOf(self);
  PoolEntry* const entry = core.Find(arguments[0]);
  if (entry == nullptr) Py_RETURN_NONE;
  if (why == static_cast<unsigned long>(Upkeep::kExpired)) core.Count(PoolCounter::expired);
  if (why == static_cast<unsigned long>(Upkeep::kIdle)) core.Count(PoolCounter::idle_closed);
  if (why == static_cast<unsigned long>(Upkeep::kPing)) core.Count(PoolCounter::ping_failures);
  core.Erase(entry);
  Settle(core);
  Py_RETURN_NONE;
}

// _count_ping(): one was made by the upkeep.
PyObject* CountPing(PyObject* self, PyObject*) {
  CoreOf(self).Count(PoolCounter::pings);
  Py_RETURN_NONE;
}

// _figures() -> (idle, active, connecting, waiting requests, waiting tasks)
PyObject* Figures(PyObject* self, PyObject*) {
  const PoolQueue& queue = CoreOf(self).queue();
  return Py_BuildValue("IIIII", queue.idle(), queue.active(), queue.connecting(),
                       queue.waiting(PoolLane::kRequest), queue.waiting(PoolLane::kTask));
}

// _set_size(size, use_lifo)
PyObject* SetSize(PyObject* self, PyObject* arguments) {
  long long size = 0;
  int lifo = 0;
  if (PyArg_ParseTuple(arguments, "Lp", &size, &lifo) == 0) return nullptr;
  PoolCore& core = CoreOf(self);
  PoolLimits limits = core.queue().limits();
  limits.size = static_cast<uint32_t>(std::clamp<long long>(size, 0, kUnlimited - 1));
  limits.lifo = lifo != 0;
  core.SetLimits(limits);
  Settle(core);
  Py_RETURN_NONE;
}

// _set_times(lifetime, closes_expired, idle_timeout, linger, keep_alive, ping_after), seconds.
// keep_alive 0 and ping_after below 0: no pings.
PyObject* SetTimes(PyObject* self, PyObject* arguments) {
  double lifetime = 0, idle_timeout = 0, linger = 0, keep_alive = 0, ping_after = 0;
  int closes_expired = 1;
  if (PyArg_ParseTuple(arguments, "dpdddd", &lifetime, &closes_expired, &idle_timeout, &linger,
                       &keep_alive, &ping_after) == 0) {
    return nullptr;
  }
  PoolCore& core = CoreOf(self);
  core.upkeep = {.idle_timeout_ns = NanosecondsOf(idle_timeout),
                 .keep_alive_ns = NanosecondsOf(keep_alive),
                 .closes_expired = closes_expired != 0};
  core.ping_after_ns = ping_after < 0 ? UINT64_MAX : NanosecondsOf(ping_after);
  core.linger_ns = NanosecondsOf(linger);
  core.SetLifetime(NanosecondsOf(lifetime));
  PoolLimits limits = core.queue().limits();
  limits.lingers = core.linger_ns != 0;
  core.SetLimits(limits);
  Settle(core);
  Py_RETURN_NONE;
}

// _set_name(name): under which the segment knows it.
PyObject* SetName(PyObject* self, PyObject* name) {
  const char* const text = PyUnicode_AsUTF8(name);
  if (text == nullptr) return nullptr;
  CoreOf(self).SetName(text);
  CoreOf(self).Publish();
  Py_RETURN_NONE;
}

PyObject* GetName(PyObject* self, void*) {
  return PyUnicode_FromString(Object(self)->core->name().c_str());
}

PyObject* GetMaxOverflow(PyObject* self, void*) {
  const PoolLimits& limits = Object(self)->core->queue().limits();
  if (limits.size == 0 || limits.max_overflow == kUnlimited) return PyLong_FromLong(-1);
  return PyLong_FromUnsignedLong(limits.max_overflow);
}

int SetMaxOverflow(PyObject* self, PyObject* value, void*) {
  if (value == nullptr) {
    PyErr_SetString(PyExc_AttributeError, "_max_overflow cannot be deleted");
    return -1;
  }
  const long long overflow = PyLong_AsLongLong(value);
  if (PyErr_Occurred() != nullptr) return -1;
  PoolCore& core = CoreOf(self);
  PoolLimits limits = core.queue().limits();
  limits.max_overflow = overflow < 0
                            ? kUnlimited
                            : static_cast<uint32_t>(std::min<long long>(overflow, kUnlimited - 1));
  core.SetLimits(limits);
  Settle(core);
  return 0;
}

PyObject* GetTimeout(PyObject* self, void*) { return Py_NewRef(Object(self)->timeout); }

int SetTimeout(PyObject* self, PyObject* value, void*) {
  if (value == nullptr) {
    PyErr_SetString(PyExc_AttributeError, "_timeout cannot be deleted");
    return -1;
  }
  uint64_t timeout_ns = 0;
  if (value != Py_None) {
    const double seconds = PyFloat_AsDouble(value);
    if (PyErr_Occurred() != nullptr) return -1;
    timeout_ns = std::max<uint64_t>(1, NanosecondsOf(seconds));
  }
  CoreOf(self).SetTimeout(timeout_ns);
  PyObject* const former = Object(self)->timeout;
  Object(self)->timeout = Py_NewRef(value);
  Py_DECREF(former);
  return 0;
}

PyMethodDef g_methods[] = {{"_opening", Opening, METH_O, nullptr},
                           {"_opened", FastCall(Opened), METH_FASTCALL, nullptr},
                           {"_open_failed", OpenFailed, METH_O, nullptr},
                           {"_take_idle", TakeIdle, METH_NOARGS, nullptr},
                           {"_take_out", TakeOutThat, METH_O, nullptr},
                           {"_idle_records", IdleRecords, METH_NOARGS, nullptr},
                           {"_due", Due, METH_NOARGS, nullptr},
                           {"_surplus", Surplus, METH_NOARGS, nullptr},
                           {"_keep", Keep, METH_O, nullptr},
                           {"_drop", FastCall(Drop), METH_FASTCALL, nullptr},
                           {"_count_ping", CountPing, METH_NOARGS, nullptr},
                           {"_figures", Figures, METH_NOARGS, nullptr},
                           {"_set_size", SetSize, METH_VARARGS, nullptr},
                           {"_set_times", SetTimes, METH_VARARGS, nullptr},
                           {"_set_name", SetName, METH_O, nullptr},
                           {}};

PyGetSetDef g_properties[] = {
    {"_max_overflow", GetMaxOverflow, SetMaxOverflow, "-1: unlimited", nullptr},
    {"_timeout", GetTimeout, SetTimeout, "seconds, or None: waits for ever", nullptr},
    {"_name", GetName, nullptr, "under which the segment knows it", nullptr},
    {}};

}  // namespace

void AddPoolMethods(std::vector<PyMethodDef>* methods) {
  methods->insert(methods->end(), std::begin(g_methods), std::end(g_methods));
}

PyGetSetDef* PoolProperties() { return g_properties; }

}  // namespace stirbar
