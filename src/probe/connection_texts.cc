#include "probe/connection_texts.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "probe/connection_table.h"
#include "probe/wsgi_names.h"
#include "segment/names.h"
#include "segment/routes.h"

namespace stirbar {
namespace {

std::string_view Utf8Of(PyObject* text) {
  Py_ssize_t length = 0;
  const char* const bytes = text != nullptr ? PyUnicode_AsUTF8AndSize(text, &length) : nullptr;
  if (bytes == nullptr) {  // no UTF-8: lone surrogates
    PyErr_Clear();
    return "?";
  }
  return {bytes, static_cast<size_t>(length)};
}

std::string_view FileOf(const CapturedFrame& frame) { return Utf8Of(frame.code->co_filename); }

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What stands between the app and the pool.
bool IsLibrary(std::string_view file) {
  // "<sqlalchemy generated ...>": code that SQLAlchemy has written at run time.
  return Contains(file, "/sqlalchemy/") || file.starts_with("<sqlalchemy") ||
         Contains(file, "/flask_sqlalchemy/") || Contains(file, "/stirbar/") ||
         file.ends_with("/contextlib.py") || file.ends_with("/werkzeug/local.py");
}

bool IsImported(const char* module) {
  PyObject* const modules = PyImport_GetModuleDict();  // borrowed
  return modules != nullptr && PyDict_GetItemString(modules, module) != nullptr;
}

// An attribute error, or whatever: not while an exception of the app may be on its way.
class ExceptionSaved {
 public:
  ExceptionSaved() { PyErr_Fetch(&type_, &value_, &traceback_); }
  ~ExceptionSaved() { PyErr_Restore(type_, value_, traceback_); }
  ExceptionSaved(const ExceptionSaved&) = delete;
  ExceptionSaved& operator=(const ExceptionSaved&) = delete;

 private:
  PyObject* type_ = nullptr;
  PyObject* value_ = nullptr;
  PyObject* traceback_ = nullptr;
};

std::vector<const BookedConnection*> LongestFirst() {
  std::vector<const BookedConnection*> held;
  if (BookAttachment() == nullptr) return held;
  for (size_t i = 0; i < kMaxConnections; ++i) {
    const BookedConnection& booked = Booked(i);
    if (booked.record != kNoRecord && booked.held()) held.push_back(&booked);
  }
  std::sort(held.begin(), held.end(), [](const BookedConnection* a, const BookedConnection* b) {
    return a->since_ns < b->since_ns;
  });
  return held;
}

// Empty: no request's, or not known.
std::string RouteText(uint32_t route) {
  if (route == kRouteUnknown) return {};
  if (route == kRouteUnmatched) return "(unmatched)";
  const RouteEntry* const entry = FindRoute(BookAttachment()->segment(), route);
  if (entry == nullptr) return "(other)";
  return std::string(NameOf(static_cast<HttpMethod>(entry->method))) + " " +
         std::string(RuleOf(*entry));
}

// The request may have been matched since it took the connection.
uint32_t RouteNow(const BookedConnection& booked) {
  if (booked.route != kRouteUnknown || booked.in_flight >= kMaxInFlight) return booked.route;
  const InFlight& request = BookAttachment()->slot().in_flight[booked.in_flight];
  return request.started_ns.load(std::memory_order_relaxed) == booked.request_started_ns
             ? request.route.load(std::memory_order_relaxed)
             : kRouteUnknown;
}

std::string_view PoolNameOf(const BookedConnection& booked) {
  return NameOf(PoolNames(std::as_const(BookAttachment()->segment())), booked.pool);
}

double AgeSeconds(const BookedConnection& booked) {
  return Seconds(AgeOf(booked.since_ns, MonotonicNs()));
}

std::string HolderText(const BookedConnection& booked) {
  const std::string route = RouteText(RouteNow(booked));
  char age[48];
  std::snprintf(age, sizeof age, " for %.1f s", AgeSeconds(booked));
  std::string text = (booked.in_flight < kMaxInFlight ? (route.empty() ? "a request" : route)
                                                      : "thread " + std::to_string(booked.thread)) +
                     age;
  if (booked.leak == LeakKind::kConfirmed) text += ", leaked";
  if (const CapturedFrame* const frame = FirstOfApp(booked.stack, booked.frames);
      frame != nullptr) {
    char place[512];
    DescribeFrame(*frame, place, sizeof place);
    text += std::string(" (") + place + ")";
  }
  return text;
}

PyObject* StackList(const BookedConnection& booked) {
  PyObject* const list = PyList_New(0);
  for (size_t i = 0; list != nullptr && i < booked.frames; ++i) {
    const CapturedFrame& frame = booked.stack[i];
    PyObject* const row =
        Py_BuildValue("(OiO)", frame.code->co_filename, LineOf(frame), frame.code->co_name);
    if (row == nullptr || PyList_Append(list, row) != 0) {
      Py_XDECREF(row);
      Py_DECREF(list);
      return nullptr;
    }
    Py_DECREF(row);
  }
  return list;
}

PyObject* HeldDict(const BookedConnection& booked) {
  static constexpr const char* kLeaks[] = {"", "suspect", "confirmed", "collected"};
  PyObject* const stack = StackList(booked);
  if (stack == nullptr) return nullptr;
  const std::string pool(PoolNameOf(booked));
  const std::string route = RouteText(RouteNow(booked));
  const Connection& row = RowOf(booked);
  return Py_BuildValue(
      "{s:s,s:K,s:s,s:z,s:I,s:d,s:I,s:N,s:N}", "pool", pool.c_str(), "number",
      static_cast<unsigned long long>(booked.number), "leak",
      kLeaks[static_cast<size_t>(booked.leak)], "route", route.empty() ? nullptr : route.c_str(),
      "thread", booked.thread, "age_seconds", AgeSeconds(booked), "statements",
      row.statements.load(std::memory_order_relaxed), "in_transaction",
      PyBool_FromLong(row.transaction_since_ns.load(std::memory_order_relaxed) != 0), "stack",
      stack);
}

}  // namespace

const CapturedFrame* FirstOfApp(const CapturedStack& stack, size_t count) noexcept {
  const ExceptionSaved saved;
  // Code that was made from a text is SQLAlchemy's (its decorators), or that of `python -c`.
  const CapturedFrame* made = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view file = FileOf(stack[i]);
    if (IsLibrary(file)) continue;
    if (file != "<string>") return &stack[i];
    if (made == nullptr) made = &stack[i];
  }
  return made;
}

HolderKind HolderKindOf(const CapturedStack& stack, size_t count) noexcept {
  const ExceptionSaved saved;
  bool raw = false;
  bool connection = false;
  bool session = false;
  bool scoped = false;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view file = FileOf(stack[i]);
    const std::string_view name = Utf8Of(stack[i].code->co_name);
    if (Contains(file, "/flask_sqlalchemy/")) return HolderKind::kFlaskSession;
    if (!IsLibrary(file) && file != "<string>") break;  // the app's: what lies beyond took nothing
    raw = raw || (name == "raw_connection" && file.ends_with("/sqlalchemy/engine/base.py"));
    connection = connection || (name == "connect" && file.ends_with("/sqlalchemy/engine/base.py"));
    session = session || file.ends_with("/sqlalchemy/orm/session.py");
    scoped = scoped || file.ends_with("/sqlalchemy/orm/scoping.py");
  }
  if (scoped && IsImported("flask_sqlalchemy")) return HolderKind::kFlaskSession;
  if (session || scoped) return HolderKind::kSession;
  if (connection) return HolderKind::kConnection;
  return raw ? HolderKind::kRaw : HolderKind::kUnknown;
}

void DescribeFrame(const CapturedFrame& frame, char* text, size_t capacity) noexcept {
  const ExceptionSaved saved;
  const std::string_view file = FileOf(frame);
  const std::string_view name = Utf8Of(frame.code->co_name);
  std::snprintf(text, capacity, "%.*s:%d in %.*s", static_cast<int>(file.size()), file.data(),
                LineOf(frame), static_cast<int>(name.size()), name.data());
}

std::string HoldersText(const std::string& pool) {
  std::string text;
  size_t shown = 0;
  for (const BookedConnection* const booked : LongestFirst()) {
    if (PoolNameOf(*booked) != pool) continue;
    if (shown != 0) text += "; ";
    text += HolderText(*booked);
    if (++shown == 3) break;
  }
  return text;
}

PyObject* HeldConnections() {
  PyObject* const list = PyList_New(0);
  if (list == nullptr) return nullptr;
  for (const BookedConnection* const booked : LongestFirst()) {
    // To make the dict of one may have run the garbage collector, and it gave back another.
    if (booked->record == kNoRecord || !booked->held()) continue;
    PyObject* const row = HeldDict(*booked);
    if (row == nullptr || PyList_Append(list, row) != 0) {
      Py_XDECREF(row);
      Py_DECREF(list);
      return nullptr;
    }
    Py_DECREF(row);
  }
  return list;
}

}  // namespace stirbar
