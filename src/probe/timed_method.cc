#include "probe/timed_method.h"

#include "base/clock.h"
#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/python_type.h"
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

// What a call belongs to, or nothing.
struct Account {
  WorkerSlot* slot = nullptr;
  uint32_t in_flight = kMaxInFlight;
  uint64_t started_ns = 0;
};

Account Open(TimedKind kind, PyObject* const* arguments, Py_ssize_t count) {
  const uint32_t in_flight = CurrentRequest();
  if (in_flight >= kMaxInFlight) return {};
  Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return {};
  if (kind != TimedKind::kRedis && (count == 0 || IsAsync(arguments[0]))) return {};
  WorkerSlot& slot = attachment->slot();
  if (!BeginPart(slot, in_flight, PartOf(kind), MonotonicNs())) return {};
  return {&slot, in_flight, slot.in_flight[in_flight].started_ns.load(std::memory_order_relaxed)};
}

void Close(TimedKind kind, const Account& account, PyObject* const* arguments, Py_ssize_t count) {
  const uint32_t calls = kind == TimedKind::kConnection ? 0 : 1;
  const uint64_t spent_ns =
      EndPart(*account.slot, account.in_flight, PartOf(kind), calls, MonotonicNs());
  if (kind == TimedKind::kStatement && count > 2) {
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
  if (account.slot == nullptr) return result;
  if (result == nullptr) {
    // No attribute is asked for and nothing noted while an exception is on its way.
    EndPart(*account.slot, account.in_flight, PartOf(method->kind),
            method->kind == TimedKind::kConnection ? 0 : 1, MonotonicNs());
    return nullptr;
  }
  Close(method->kind, account, arguments, count);
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
