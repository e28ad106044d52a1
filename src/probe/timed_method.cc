#include "probe/timed_method.h"

#include "base/clock.h"
#include "probe/connection_table.h"
#include "probe/connection_use.h"
#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/python_type.h"
#include "probe/slow_queries.h"
#include "probe/statements.h"
#include "probe/time_parts.h"

namespace stirbar {
namespace {

struct TimedMethod {
  PyObject_HEAD vectorcallfunc call;
  PyObject* original;
  TimedKind kind;
};

PyTypeObject* g_type = nullptr;
PyObject* g_is_async = nullptr;  // the names of attributes
PyObject* g_name = nullptr;

Part PartOf(TimedKind kind) { return kind == TimedKind::kRedis ? Part::kRedis : Part::kSql; }

// Of SQLAlchemy's Dialect. Statements of an asynchronous engine run on an event loop's thread,
// several at once: what they take is nobody's alone.
bool IsAsync(PyObject* dialect) {
  PyObject* const value = PyObject_GetAttr(dialect, g_is_async);
  if (value == nullptr) PyErr_Clear();
  Py_XDECREF(value);
  return value == Py_True;
}

SqlDialect QuotesOf(PyObject* dialect) {
  PyObject* const name = PyObject_GetAttr(dialect, g_name);
  if (name == nullptr) PyErr_Clear();
  const bool mysql = name != nullptr && PyUnicode_Check(name) &&
                     (PyUnicode_CompareWithASCIIString(name, "mysql") == 0 ||
                      PyUnicode_CompareWithASCIIString(name, "mariadb") == 0);
  Py_XDECREF(name);
  return mysql ? SqlDialect::kMySql : SqlDialect::kStandard;
}

// What a call belongs to: the request that it is part of, the connection that it goes to; either
// may be missing.
struct Account {
  Attachment* attachment = nullptr;  // null: nothing is noted
  WorkerSlot* slot = nullptr;        // null: no request
  uint32_t in_flight = kMaxInFlight;
  uint32_t record = kNoRecord;
  uint64_t started_ns = 0;  // of the request
  uint64_t begun_ns = 0;    // of the call
};

Account Open(TimedKind kind, PyObject* const* arguments, Py_ssize_t count) {
  Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return {};
  const uint32_t in_flight = CurrentRequest();
  const bool sql = kind != TimedKind::kRedis;
  if (in_flight >= kMaxInFlight && (!sql || kind == TimedKind::kConnection)) return {};
  if (sql && (count == 0 || IsAsync(arguments[0]))) return {};
  Account account{.attachment = attachment, .in_flight = in_flight, .begun_ns = MonotonicNs()};
  if (in_flight < kMaxInFlight) {
    WorkerSlot& slot = attachment->slot();
    // One within another: a dialect's own method that calls the one of its base class.
    if (!BeginPart(slot, in_flight, PartOf(kind), account.begun_ns)) return {};
    account.slot = &slot;
    account.started_ns = slot.in_flight[in_flight].started_ns.load(std::memory_order_relaxed);
  }
  if (kind == TimedKind::kStatement) {
    account.record = RecordOfStatement(in_flight, arguments, count);
    const bool begins = BookStatement(account.record, account.begun_ns);
    if (!begins && account.slot == nullptr) return {};
  } else if (kind == TimedKind::kTransactionEnd && count > 1) {
    account.record = RecordOfTransaction(in_flight, arguments[1]);
  }
  return account;
}

uint32_t CallsOf(TimedKind kind) {
  return kind == TimedKind::kStatement || kind == TimedKind::kRedis ? 1 : 0;
}

// Given by name, it is not looked for.
PyObject* TextOf(PyObject* const* arguments, Py_ssize_t count) {
  return count > 2 ? arguments[2] : nullptr;
}

void NoteIfSlow(const Account& account, PyObject* const* arguments, Py_ssize_t count,
                uint64_t now_ns) {
  const uint64_t taken_ns = now_ns - account.begun_ns;
  if (taken_ns < account.attachment->orders.slow_query_ns.load(std::memory_order_relaxed)) return;
  SlowStatement statement{.text = TextOf(arguments, count),
                          .duration_ns = taken_ns,
                          .pool = PoolOfRecord(account.record)};
  if (account.in_flight < kMaxInFlight) {
    statement.route = account.attachment->slot().in_flight[account.in_flight].route.load(
        std::memory_order_relaxed);
  }
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  statement.dialect = QuotesOf(arguments[0]);
  PyErr_Restore(type, value, traceback);
  RecordSlowQuery(*account.attachment, statement);
}

// `failed`: an exception is on its way, no attribute is asked for.
void Close(TimedKind kind, const Account& account, PyObject* const* arguments, Py_ssize_t count,
           bool failed) {
  const uint64_t now_ns = MonotonicNs();
  uint64_t spent_ns = 0;
  if (account.slot != nullptr) {
    spent_ns = EndPart(*account.slot, account.in_flight, PartOf(kind), CallsOf(kind), now_ns);
  }
  if (kind == TimedKind::kTransactionEnd) {
    if (!failed) BookTransactionEnd(account.record);
    return;
  }
  if (kind != TimedKind::kStatement) return;
  BookStatementEnd(account.record);
  NoteIfSlow(account, arguments, count, now_ns);
  if (!failed && account.slot != nullptr && count > 2) {
    NoteStatement(account.in_flight, account.started_ns, arguments[2], QuotesOf(arguments[0]),
                  spent_ns);
  }
}

// No destructor does anything here: an interpreter that shuts down may end the thread within the
// call, by unwinding its stack.
PyObject* Call(PyObject* self, PyObject* const* arguments, size_t flags, PyObject* keywords) {
  const auto* const method = reinterpret_cast<TimedMethod*>(self);
  const Py_ssize_t count = PyVectorcall_NARGS(flags);
  const Account account = Open(method->kind, arguments, count);
  PyObject* const result = PyObject_Vectorcall(method->original, arguments, flags, keywords);
  if (account.attachment != nullptr)
    Close(method->kind, account, arguments, count, result == nullptr);
  return result;
}

PyObject* Bind(PyObject* self, PyObject* instance, PyObject*) {
  return instance == nullptr || instance == Py_None ? Py_NewRef(self)
                                                    : PyMethod_New(self, instance);
}

// Attributes that are not ours are the original's: its name, its signature, its documentation.
PyObject* Attribute(PyObject* self, PyObject* name) {
  PyObject* const own = PyObject_GenericGetAttr(self, name);
  if (own != nullptr || !PyErr_ExceptionMatches(PyExc_AttributeError)) return own;
  PyErr_Clear();
  return PyObject_GetAttr(reinterpret_cast<TimedMethod*>(self)->original, name);
}

int Visit(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<TimedMethod*>(self)->original);
  return 0;
}

int Clear(PyObject* self) {
  Py_CLEAR(reinterpret_cast<TimedMethod*>(self)->original);
  return 0;
}

void Free(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Clear(self);
  FreeObject(self);
}

PyMemberDef g_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(TimedMethod, call), READONLY, nullptr},
    {"__wrapped__", T_OBJECT_EX, offsetof(TimedMethod, original), READONLY, "the original"},
    {}};

}  // namespace

bool InitialiseTimedMethod() {
  PyType_Slot slots[] = {{Py_tp_call, Slot(PyVectorcall_Call)},
                         {Py_tp_descr_get, Slot(Bind)},
                         {Py_tp_getattro, Slot(Attribute)},
                         {Py_tp_traverse, Slot(Visit)},
                         {Py_tp_clear, Slot(Clear)},
                         {Py_tp_dealloc, Slot(Free)},
                         {Py_tp_members, g_members},
                         {0, nullptr}};
  // A method descriptor: the interpreter calls it with the instance without making a bound method.
  g_type = MakeType("stirbar.TimedMethod", sizeof(TimedMethod),
                    kCallableType | kCollectedType | Py_TPFLAGS_METHOD_DESCRIPTOR, slots);
  g_is_async = PyUnicode_InternFromString("is_async");
  g_name = PyUnicode_InternFromString("name");
  return g_type != nullptr && g_is_async != nullptr && g_name != nullptr;
}

PyObject* NewTimedMethod(PyObject* original, TimedKind kind) {
  auto* const object = reinterpret_cast<TimedMethod*>(g_type->tp_alloc(g_type, 0));
  if (object == nullptr) return nullptr;
  object->call = Call;
  object->original = Py_NewRef(original);
  object->kind = kind;
  return reinterpret_cast<PyObject*>(object);
}

}  // namespace stirbar
