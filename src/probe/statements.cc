#include "probe/statements.h"

#include <algorithm>

namespace stirbar {
namespace {

struct Noted {
  PyObject* text = nullptr;  // owned
  SqlDialect dialect = SqlDialect::kStandard;
  uint32_t calls = 0;
  uint64_t duration_ns = 0;
};

struct OfRequest {
  uint64_t started_ns = 0;
  uint32_t used = 0;
  std::array<Noted, 8> noted;
};

std::array<OfRequest, kMaxInFlight> g_requests;  // guarded by the interpreter lock

void Clear(OfRequest* request) {
  // Emptied first: whatever a last reference frees finds it so.
  const uint32_t used = request->used;
  request->used = 0;
  for (uint32_t i = 0; i < used; ++i) Py_CLEAR(request->noted[i].text);
}

Noted* Find(OfRequest* request, PyObject* text) {
  Noted* const end = request->noted.data() + request->used;
  Noted* found = std::find_if(request->noted.data(), end,
                              [text](const Noted& noted) { return noted.text == text; });
  if (found != end) return found;
  found = std::find_if(request->noted.data(), end, [text](const Noted& noted) {
    return PyUnicode_GET_LENGTH(noted.text) == PyUnicode_GET_LENGTH(text) &&
           PyUnicode_Compare(noted.text, text) == 0;
  });
  return found != end ? found : nullptr;
}

// A place for another one: a free one, or that of the fastest when it is faster. Null: none.
Noted* Place(OfRequest* request, uint64_t duration_ns) {
  if (request->used < request->noted.size()) return &request->noted[request->used++];
  Noted* const fastest = std::min_element(
      request->noted.begin(), request->noted.end(),
      [](const Noted& a, const Noted& b) { return a.duration_ns < b.duration_ns; });
  if (fastest->duration_ns >= duration_ns) return nullptr;
  Py_CLEAR(fastest->text);
  return fastest;
}

void Show(const Noted& noted, SlowRequest::Statement* shown) {
  shown->duration_ns = noted.duration_ns;
  shown->calls = noted.calls;
  Py_ssize_t length = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(noted.text, &length);
  if (text == nullptr) {  // no UTF-8: lone surrogates
    PyErr_Clear();
    return;
  }
  ShowStatement({text, static_cast<size_t>(length)}, noted.dialect, shown->text,
                sizeof shown->text);
}

}  // namespace

void NoteStatement(uint32_t in_flight, uint64_t started_ns, PyObject* text, SqlDialect dialect,
                   uint64_t duration_ns) noexcept {
  // No subclass: to compare or free one may run code of the app.
  if (in_flight >= kMaxInFlight || !PyUnicode_CheckExact(text)) return;
  OfRequest& request = g_requests[in_flight];
  if (request.started_ns != started_ns) {
    Clear(&request);
    request.started_ns = started_ns;
  }
  Noted* noted = Find(&request, text);
  if (noted == nullptr) {
    noted = Place(&request, duration_ns);
    if (noted == nullptr) return;
    *noted = {.text = Py_NewRef(text), .dialect = dialect};
  }
  noted->calls += 1;
  noted->duration_ns += duration_ns;
}

void CopySlowest(uint32_t in_flight, uint64_t started_ns,
                 std::array<SlowRequest::Statement, 3>* slowest) noexcept {
  if (in_flight >= kMaxInFlight) return;
  OfRequest& request = g_requests[in_flight];
  if (request.started_ns != started_ns) return;
  const auto begin = request.noted.begin();
  std::sort(begin, begin + request.used,
            [](const Noted& a, const Noted& b) { return a.duration_ns > b.duration_ns; });
  for (size_t i = 0; i < std::min<size_t>(request.used, slowest->size()); ++i) {
    Show(request.noted[i], &(*slowest)[i]);
  }
}

void ForgetStatements(uint32_t in_flight) noexcept {
  if (in_flight < kMaxInFlight) Clear(&g_requests[in_flight]);
}

}  // namespace stirbar
