#include <Python.h>
// First, because CPython asks for it.

#include <cstring>

#include "probe/refusal.h"

namespace stirbar {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kBusy[] = "The service is overloaded. Please try again later.\n";
constexpr char kInterrupted[] = "The request took too long and was ended.\n";

// Guarded by the interpreter lock; made at the first refusal, or by the app.
PyObject* g_body = nullptr;
PyObject* g_headers = nullptr;  // list: what every refusal has

PyObject* HeadersOf(PyObject* body, const char* content_type) {
  char length[24];
  PyOS_snprintf(length, sizeof length, "%zd", PyBytes_GET_SIZE(body));
  return Py_BuildValue("[(ss)(ss)(ss)]", "Content-Type", content_type, "Content-Length", length,
                       "Cache-Control", "no-store");
}

PyObject* BodyList(PyObject* body, HttpMethod method) {
  return method == HttpMethod::kHead ? PyList_New(0) : Py_BuildValue("[O]", body);
}

// Calls start_response, and returns `body` as WSGI wants it.
PyObject* Answer(PyObject* start_response, PyObject* arguments, PyObject* body, HttpMethod method) {
  if (arguments == nullptr) return nullptr;
  PyObject* const write = PyObject_Call(start_response, arguments, nullptr);
  Py_DECREF(arguments);
  if (write == nullptr) return nullptr;
  Py_DECREF(write);
  return BodyList(body, method);
}

}  // namespace

bool SetRefusalBody(const char* body, size_t bytes, const char* content_type) noexcept {
  PyObject* const made = PyBytes_FromStringAndSize(body, static_cast<Py_ssize_t>(bytes));
  PyObject* const headers = made != nullptr ? HeadersOf(made, content_type) : nullptr;
  if (headers == nullptr) {
    Py_XDECREF(made);
    return false;
  }
  Py_XSETREF(g_body, made);
  Py_XSETREF(g_headers, headers);
  return true;
}

PyObject* Refuse(PyObject* start_response, HttpMethod method, uint32_t retry_after_seconds) {
  if (g_body == nullptr && !SetRefusalBody(kBusy, std::strlen(kBusy), kText)) return nullptr;
  // Held: the app may set another body while start_response runs.
  PyObject* const body = Py_NewRef(g_body);
  PyObject* const headers = PyList_GetSlice(g_headers, 0, PyList_GET_SIZE(g_headers));
  PyObject* const retry =
      Py_BuildValue("(sN)", "Retry-After", PyUnicode_FromFormat("%u", retry_after_seconds));
  PyObject* result = nullptr;
  if (headers != nullptr && retry != nullptr && PyList_Append(headers, retry) == 0) {
    result = Answer(start_response, Py_BuildValue("sO", "503 Service Unavailable", headers), body,
                    method);
  }
  Py_XDECREF(retry);
  Py_XDECREF(headers);
  Py_DECREF(body);
  return result;
}

size_t WriteRefusal(std::span<char> buffer, HttpMethod method,
                    uint32_t retry_after_seconds) noexcept {
  if (g_body == nullptr && !SetRefusalBody(kBusy, std::strlen(kBusy), kText)) {
    PyErr_Clear();
    return 0;
  }
  const char* type = PyUnicode_AsUTF8(PyTuple_GET_ITEM(PyList_GET_ITEM(g_headers, 0), 1));
  if (type == nullptr) {
    PyErr_Clear();
    return 0;
  }
  const auto length = static_cast<size_t>(PyBytes_GET_SIZE(g_body));
  const size_t sent = method == HttpMethod::kHead ? 0 : length;
  const int head = PyOS_snprintf(
      buffer.data(), buffer.size(),
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
      "Cache-Control: no-store\r\nRetry-After: %u\r\nConnection: close\r\n\r\n",
      type, length, retry_after_seconds);
  // It needs one byte more than it has letters: for what ends a string.
  if (head < 0 || static_cast<size_t>(head) >= buffer.size()) return 0;
  if (static_cast<size_t>(head) + sent > buffer.size()) return 0;
  std::memcpy(buffer.data() + head, PyBytes_AS_STRING(g_body), sent);
  return static_cast<size_t>(head) + sent;
}

PyObject* AnswerInterrupted(PyObject* start_response, HttpMethod method, PyObject* exc_info) {
  PyObject* const body = PyBytes_FromString(kInterrupted);
  if (body == nullptr) return nullptr;
  PyObject* const headers = HeadersOf(body, kText);
  PyObject* result = nullptr;
  if (headers != nullptr) {
    constexpr const char* kStatus = "504 Gateway Timeout";
    result = Answer(start_response,
                    exc_info != nullptr ? Py_BuildValue("sOO", kStatus, headers, exc_info)
                                        : Py_BuildValue("sO", kStatus, headers),
                    body, method);
    Py_DECREF(headers);
  }
  Py_DECREF(body);
  return result;
}

}  // namespace stirbar
