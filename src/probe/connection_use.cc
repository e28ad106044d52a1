#include "probe/connection_use.h"

#include "probe/connection_table.h"
#include "probe/thread_id.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr Py_ssize_t kContextArgument = 4;

BookedConnection* Valid(uint32_t record) {
  if (record == kNoRecord || BookAttachment() == nullptr) return nullptr;
  BookedConnection& booked = Booked(record % kMaxConnections);
  return booked.record == record && booked.held() ? &booked : nullptr;
}

// The one that this request holds, or this thread outside of any; null: none, or several.
const BookedConnection* Sole(uint32_t in_flight) {
  if (in_flight < kMaxInFlight) {
    const BookedConnection* const first = FirstOf(static_cast<uint16_t>(in_flight));
    return first != nullptr && NextOf(*first) == nullptr ? first : nullptr;
  }
  const uint32_t thread = ThreadId();
  const BookedConnection* sole = nullptr;
  for (const BookedConnection* one = FirstOf(kHeldByTasks); one != nullptr; one = NextOf(*one)) {
    if (one->thread != thread) continue;
    if (sole != nullptr) return nullptr;
    sole = one;
  }
  return sole;
}

uint32_t RecordOfHolder(const PyObject* holder) {
  for (size_t i = 0; holder != nullptr && i < kMaxConnections; ++i) {
    const BookedConnection& booked = Booked(i);
    if (booked.record != kNoRecord && booked.held() && booked.holder == holder) {
      return booked.record;
    }
  }
  return kNoRecord;
}

// Steals `object`, which may be null. New reference, or null without an exception.
PyObject* Attribute(PyObject* object, const char* name) {
  if (object == nullptr) return nullptr;
  PyObject* const value = PyObject_GetAttrString(object, name);
  Py_DECREF(object);
  if (value == nullptr) PyErr_Clear();
  return value;
}

}  // namespace

uint32_t RecordOfTransaction(uint32_t in_flight, PyObject* connection) noexcept {
  if (!AnyIsHeld()) return kNoRecord;
  if (const BookedConnection* const sole = Sole(in_flight); sole != nullptr) return sole->record;
  // What a dialect gets is SQLAlchemy's proxy of the connection ("fairy").
  PyObject* const holder = Attribute(Py_NewRef(connection), "_connection_record");
  const uint32_t record = RecordOfHolder(holder);
  Py_XDECREF(holder);
  return record;
}

uint32_t RecordOfStatement(uint32_t in_flight, PyObject* const* arguments,
                           Py_ssize_t count) noexcept {
  if (!AnyIsHeld()) return kNoRecord;
  if (const BookedConnection* const sole = Sole(in_flight); sole != nullptr) return sole->record;
  if (count <= kContextArgument || arguments[kContextArgument] == Py_None) return kNoRecord;
  PyObject* const connection = Attribute(Py_NewRef(arguments[kContextArgument]), "root_connection");
  PyObject* const holder =
      Attribute(Attribute(connection, "_dbapi_connection"), "_connection_record");
  const uint32_t record = RecordOfHolder(holder);
  Py_XDECREF(holder);
  return record;
}

bool BookStatement(uint32_t record, uint64_t now_ns) noexcept {
  BookedConnection* const booked = Valid(record);
  if (booked == nullptr || booked->running) return false;
  booked->running = true;
  Connection& row = RowOf(*booked);
  row.statements.store(row.statements.load(kRelaxed) + 1, kRelaxed);
  if (row.transaction_since_ns.load(kRelaxed) == 0) {
    row.transaction_since_ns.store(now_ns, kRelaxed);
  }
  return true;
}

void BookStatementEnd(uint32_t record) noexcept {
  if (BookedConnection* const booked = Valid(record); booked != nullptr) booked->running = false;
}

void BookTransactionEnd(uint32_t record) noexcept {
  if (const BookedConnection* const booked = Valid(record); booked != nullptr) {
    RowOf(*booked).transaction_since_ns.store(0, kRelaxed);
  }
}

}  // namespace stirbar
