#include "probe/pool_type.h"

#include <algorithm>
#include <new>
#include <vector>

#include "base/clock.h"
#include "probe/current_request.h"
#include "probe/pool_object.h"
#include "probe/pool_wait.h"
#include "probe/probe.h"
#include "probe/python_type.h"

namespace stirbar {
namespace {

PyTypeObject* g_type = nullptr;

struct MethodNames {
  PyObject* create = nullptr;
  PyObject* renew = nullptr;
  PyObject* close = nullptr;
  PyObject* connection = nullptr;      // of a record, SQLAlchemy 1.4.24 and later
  PyObject* old_connection = nullptr;  // and before
} g_names;

// A worker that has served a request has a request lane; elsewhere there are no tasks, because
// there is nothing to tell them from.
bool HasServed(const Attachment& attachment) {
  const WorkerSlot& slot = attachment.slot();
  if (slot.state.load(std::memory_order_relaxed) != static_cast<uint32_t>(WorkerState::kServing)) {
    return false;
  }
  for (const Word& admitted : slot.admission.admitted) {
    if (admitted.load(std::memory_order_relaxed) != 0) return true;
  }
  return false;
}

PoolLane LaneOf(uint32_t in_flight) {
  if (in_flight < kMaxInFlight) return PoolLane::kRequest;
  const Attachment* const attachment = Probe::Current();
  return attachment != nullptr && HasServed(*attachment) ? PoolLane::kTask : PoolLane::kRequest;
}

// Whether the record has a connection: one that was invalidated or detached comes back without.
bool HasConnection(PyObject* record) {
  PyObject* connection = PyObject_GetAttr(record, g_names.connection);
  if (connection == nullptr) {
    PyErr_Clear();
    connection = PyObject_GetAttr(record, g_names.old_connection);
  }
  if (connection == nullptr) PyErr_Clear();
  Py_XDECREF(connection);
  return connection != nullptr && connection != Py_None;
}

// An exception is on its way while the connection is already the caller's.
void GiveBackQuietly(PoolCore& core, PoolEntry* entry) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (!GiveBack(core, entry, false)) PyErr_WriteUnraisable(nullptr);
  PyErr_Restore(type, value, traceback);
}

// ---------------------------------------------------------------------------------- checkout

// It has been idle for long, or is past its time: pings or closes it. Where it is closed,
// SQLAlchemy opens another one in its record. False with an exception.
bool Renew(PyObject* self, PoolCore& core, PoolEntry* entry, bool expired) {
  core.Count(expired ? PoolCounter::expired : PoolCounter::pings);
  PyObject* const lives = PyObject_CallMethodObjArgs(self, g_names.renew, entry->record,
                                                     expired ? Py_True : Py_False, nullptr);
  if (lives == nullptr) return false;
  if (lives != Py_True) {
    if (!expired) core.Count(PoolCounter::ping_failures);
    core.NoteClosed(entry);
  }
  Py_DECREF(lives);
  return true;
}

// Gives an active connection out; the reference that the pool had is the caller's now.
PyObject* GiveOut(PyObject* self, PoolCore& core, PoolEntry* entry, uint64_t waited_ns) {
  PyObject* const record = entry->record;
  if (entry->open) [[likely]] {
    const uint64_t now_ns = CoarseMonotonicNs();
    const bool expired = now_ns >= entry->times.expires_ns;
    // The idle time may lie a tick in the future of the coarse clock.
    const bool silent = now_ns >= entry->times.last_sign_ns &&
                        now_ns - entry->times.last_sign_ns >= core.ping_after_ns;
    if ((expired || silent) && !Renew(self, core, entry, expired)) [[unlikely]] {
      GiveBackQuietly(core, entry);
      return nullptr;
    }
  }
  core.NoteCheckout(entry, entry->lane, waited_ns);
  Settle(core);
  return record;
}

// There is room: opens a connection.
PyObject* Create(PyObject* self, PoolCore& core, PoolLane lane, uint64_t waited_ns) {
  Settle(core);  // not after the connect, which may take long: a task's turn may have come
  PyObject* const record = PyObject_CallMethodNoArgs(self, g_names.create);
  PoolEntry* entry = nullptr;
  if (record != nullptr) {
    entry = core.Find(record);
    if (entry == nullptr) entry = core.Add(record);
  }
  if (entry == nullptr) {
    core.queue().ConnectFailed(lane);
    Settle(core);
    Py_XDECREF(record);
    return nullptr;
  }
  core.queue().Connected(*entry, lane);
  core.NoteCheckout(entry, lane, waited_ns);
  Settle(core);
  return record;
}

PyObject* Refuse(PyObject* self, PoolCore& core, PoolCounter why, uint64_t waited_ns) {
  core.Count(why);
  const char* const word = why == PoolCounter::refused_full        ? "full"
                           : why == PoolCounter::refused_throttled ? "throttled"
                                                                   : nullptr;
  PyObject* const result =
      PyObject_CallMethod(self, "_refuse", "zd", word, static_cast<double>(waited_ns) * 1e-9);
  if (result == nullptr) return nullptr;
  Py_DECREF(result);
  PyErr_SetString(PyExc_RuntimeError, "stirbar: _refuse() has raised nothing");
  return nullptr;
}

// The request waits for a connection: what the page shows meanwhile.
class CheckoutActivity {
 public:
  CheckoutActivity(uint32_t in_flight, uint64_t now_ns) {
    const Attachment* const attachment = Probe::Current();
    if (attachment == nullptr || in_flight >= kMaxInFlight) return;
    InFlight& request = attachment->slot().in_flight[in_flight];
    deadline_ns_ = request.deadline_ns.load(std::memory_order_relaxed);
    if (request.activity.load(std::memory_order_relaxed) != kNothing) return;
    request_ = &request;
    started_ns_ = request.started_ns.load(std::memory_order_relaxed);
    request.activity_since_ns.store(now_ns, std::memory_order_relaxed);
    request.activity.store(kCheckout, std::memory_order_release);
  }
  // No destructor: an interpreter that shuts down unwinds the stack of a thread that waits.
  void End() const {
    if (request_ == nullptr) return;
    if (request_->started_ns.load(std::memory_order_relaxed) != started_ns_) return;
    if (request_->activity.load(std::memory_order_relaxed) != kCheckout) return;
    request_->activity.store(kNothing, std::memory_order_relaxed);
  }
  uint64_t deadline_ns() const { return deadline_ns_; }

 private:
  static constexpr auto kNothing = static_cast<uint32_t>(Activity::kApplication);
  static constexpr auto kCheckout = static_cast<uint32_t>(Activity::kCheckout);
  InFlight* request_ = nullptr;
  uint64_t started_ns_ = 0;
  uint64_t deadline_ns_ = 0;
};

PyObject* WaitForOne(PyObject* self, PoolCore& core, PoolLane lane, uint32_t in_flight) {
  const uint64_t began_ns = MonotonicNs();
  BlockedWaiter* const waiter = NewWaiter(self, lane, began_ns);
  if (waiter == nullptr) return nullptr;
  // Making the waiter has run Python code: something may have become free meanwhile.
  const PoolQueue::Taken taken = core.queue().Take(lane);
  if (taken.answer == PoolQueue::Answer::kConnection) {
    FreeWaiter(waiter);
    return GiveOut(self, core, static_cast<PoolEntry*>(taken.connection), 0);
  }
  if (taken.answer == PoolQueue::Answer::kRoom) {
    FreeWaiter(waiter);
    return Create(self, core, lane, 0);
  }
  const CheckoutActivity activity(in_flight, began_ns);
  const uint64_t deadline_ns = WaitDeadline(began_ns, core.timeout_ns, activity.deadline_ns());
  const uint32_t epoch = core.epoch();
  core.queue().Enqueue(*waiter);
  core.Publish();
  const Waited waited = WaitForGrant(self, waiter, deadline_ns);
  activity.End();
  const uint64_t waited_ns = MonotonicNs() - began_ns;
  core.Follow();
  // A child that was forked by another greenlet while this one waited: nobody knows it there.
  const bool known = epoch == core.epoch();
  if (known) core.queue().Withdraw(*waiter);
  const PoolWaiter::Grant grant = known ? waiter->grant : PoolWaiter::Grant::kNone;
  auto* const entry = static_cast<PoolEntry*>(waiter->connection);
  FreeWaiter(waiter);
  core.Publish();
  if (waited == Waited::kRaised) {
    if (grant == PoolWaiter::Grant::kConnection) GiveBackQuietly(core, entry);
    if (grant == PoolWaiter::Grant::kRoom) {
      core.queue().ConnectFailed(lane);
      Settle(core);
    }
    return nullptr;
  }
  if (grant == PoolWaiter::Grant::kConnection) return GiveOut(self, core, entry, waited_ns);
  if (grant == PoolWaiter::Grant::kRoom) return Create(self, core, lane, waited_ns);
  return Refuse(self, core, PoolCounter::timeouts, waited_ns);
}

PyObject* DoGet(PyObject* self, PyObject*) {
  PoolCore& core = CoreOf(self);
  const uint32_t in_flight = CurrentRequest();
  const PoolLane lane = LaneOf(in_flight);
  if (core.IsThrottled() && core.Throttles(lane, in_flight)) [[unlikely]] {
    return Refuse(self, core, PoolCounter::refused_throttled, 0);
  }
  const PoolQueue::Taken taken = core.queue().Take(lane);
  switch (taken.answer) {
    case PoolQueue::Answer::kConnection:
      return GiveOut(self, core, static_cast<PoolEntry*>(taken.connection), 0);
    case PoolQueue::Answer::kRoom:
      return Create(self, core, lane, 0);
    case PoolQueue::Answer::kFull:
      return Refuse(self, core, PoolCounter::refused_full, 0);
    case PoolQueue::Answer::kWait:
      if (core.Throttles(lane, in_flight)) {
        return Refuse(self, core, PoolCounter::refused_throttled, 0);
      }
      break;
  }
  return WaitForOne(self, core, lane, in_flight);
}

// ----------------------------------------------------------------------------------- checkin

// A record that this pool did not give out: of the parent process, or of none. The parent's is kept
// for ever, neither used nor closed (see PoolCore::Follow).
PyObject* ReturnStranger(PyObject* record) {
  PyObject* const token = PyObject_GetAttrString(record, "_stirbar_token");
  if (token == nullptr) {
    PyErr_Clear();
    return PyObject_CallMethodNoArgs(record, g_names.close);
  }
  const uint32_t epoch = reinterpret_cast<PoolToken*>(token)->epoch;
  Py_DECREF(token);
  if (epoch == Probe::Epoch()) return PyObject_CallMethodNoArgs(record, g_names.close);
  Py_INCREF(record);
  Py_RETURN_NONE;
}

// Whether a connection to one of the pool's other servers is closed now that it comes back.
bool FailsBack(PyObject* self, uint32_t target) {
  PyObject* const answer = PyObject_CallMethod(self, "_fails_back", "I", target);
  if (answer == nullptr) PyErr_WriteUnraisable(self);
  Py_XDECREF(answer);
  return answer == Py_True;
}

PyObject* DoReturn(PyObject* self, PyObject* record) {
  PoolCore& core = CoreOf(self);
  PoolEntry* entry = core.Find(record);
  bool fails_back = false;
  if (entry != nullptr && entry->target != 0 && entry->open) [[unlikely]] {
    fails_back = FailsBack(self, entry->target);
    entry = core.Find(record);  // Python code has run
  }
  if (entry == nullptr) return ReturnStranger(record);
  if (entry->state != PooledConnection::State::kActive) Py_RETURN_NONE;
  core.NoteCheckin(entry);
  bool expired = false;
  if (entry->open) {
    if (HasConnection(record)) [[likely]] {
      const uint64_t now_ns = CoarseMonotonicNs();
      entry->times.idle_since_ns = entry->times.last_sign_ns = now_ns;
      expired = core.upkeep.closes_expired && now_ns >= entry->times.expires_ns;
    } else {
      core.Count(PoolCounter::invalidated);
      core.NoteClosed(entry);
    }
  }
  Py_INCREF(record);
  if (!GiveBack(core, entry, expired || fails_back)) return nullptr;
  Py_RETURN_NONE;
}

// --------------------------------------------------------------------------------- the type

PyObject* New(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  Object(self)->timeout = Py_NewRef(Py_None);
  Object(self)->core = new (std::nothrow) PoolCore();
  if (Object(self)->core != nullptr) return self;
  Py_DECREF(self);
  return PyErr_NoMemory();
}

int Visit(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  int stopped = 0;
  if (PoolCore* const core = Object(self)->core; core != nullptr) {
    core->ForEachIdle([&](const PoolEntry& entry) {
      if (stopped == 0) stopped = visit(entry.record, arg);
    });
  }
  return stopped;
}

int Clear(PyObject* self) {
  if (Object(self)->core != nullptr) Object(self)->core->Close();
  return 0;
}

void Free(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Clear(self);
  delete Object(self)->core;
  Py_CLEAR(Object(self)->timeout);
  FreeObject(self);
}

}  // namespace

bool GiveBack(PoolCore& core, PoolEntry* entry, bool expired) {
  PyObject* const record = entry->record;
  if (!expired && core.queue().Return(*entry)) {
    Settle(core);
    return true;
  }
  PyObject* const closed = PyObject_CallMethodNoArgs(record, g_names.close);
  // While it was closed, Python code has run.
  if (PoolEntry* const same = core.Find(record); same == entry) {
    if (expired) core.Count(PoolCounter::expired);
    core.Erase(entry);
  }
  Settle(core);
  Py_XDECREF(closed);
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  Py_DECREF(record);
  PyErr_Restore(type, value, traceback);
  return closed != nullptr;
}

bool InitialisePoolType() {
  static std::vector<PyMethodDef> methods{
      {"_do_get", DoGet, METH_NOARGS, "A record, of an idle or a new connection; waits for it."},
      {"_do_return_conn", DoReturn, METH_O, "Gives a record back."}};
  if (methods.size() == 2) AddPoolMethods(&methods);
  PyType_Slot slots[] = {{Py_tp_new, Slot(New)},
                         {Py_tp_traverse, Slot(Visit)},
                         {Py_tp_clear, Slot(Clear)},
                         {Py_tp_dealloc, Slot(Free)},
                         {Py_tp_methods, methods.data()},
                         {Py_tp_getset, PoolProperties()},
                         {0, nullptr}};
  PyType_Spec spec{"stirbar._stirbar.PoolCore", static_cast<int>(sizeof(PoolObject)), 0,
                   static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE) | kCollectedType,
                   slots};
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  g_names = {.create = PyUnicode_InternFromString("_create_connection"),
             .renew = PyUnicode_InternFromString("_renew"),
             .close = PyUnicode_InternFromString("close"),
             .connection = PyUnicode_InternFromString("dbapi_connection"),
             .old_connection = PyUnicode_InternFromString("connection")};
  return g_type != nullptr && PyErr_Occurred() == nullptr && InitialisePoolToken();
}

PyObject* PoolType() { return reinterpret_cast<PyObject*>(g_type); }

}  // namespace stirbar
