// Strings that the WSGI face looks up in dictionaries, interned once, and how it looks them up.
#pragma once

#include <Python.h>

#include <array>
#include <string_view>

#include "segment/layout.h"

namespace stirbar {

class Names {
 public:
  // False with a Python exception set: out of memory.
  static bool Initialise();
  // Precondition: Initialise() was true.
  static const Names& Get() { return names_; }

  PyObject* request_method = nullptr;
  PyObject* route = nullptr;
  PyObject* file_wrapper = nullptr;
  PyObject* url_rule = nullptr;
  PyObject* request = nullptr;
  PyObject* environ = nullptr;
  PyObject* close = nullptr;
  PyObject* read = nullptr;
  PyObject* path_info = nullptr;
  PyObject* content_length = nullptr;
  PyObject* remote_addr = nullptr;
  PyObject* proxy_fix = nullptr;
  PyObject* request_start = nullptr;
  PyObject* queue_start = nullptr;
  PyObject* request_timeout = nullptr;
  PyObject* envoy_timeout = nullptr;
  PyObject* mod_wsgi_queue_start = nullptr;
  PyObject* gunicorn_socket = nullptr;
  PyObject* werkzeug_socket = nullptr;
  PyObject* waitress_client = nullptr;
  PyObject* socket = nullptr;
  PyObject* fileno = nullptr;

  // The method that `text` names; kOther for what is no str, null too. Time: servers intern or
  // share "GET", so that most calls compare one pointer.
  HttpMethod MethodOf(PyObject* text) const;

 private:
  static Names names_;
  std::array<PyObject*, 8> methods_{};  // by HttpMethod
};

// "GET"; "*" for kOther.
const char* NameOf(HttpMethod method) noexcept;

// The characters of `text` where it is a str of ASCII ones; empty for anything else, null too.
inline std::string_view TextOf(PyObject* text) noexcept {
  if (text == nullptr || !PyUnicode_Check(text) || !PyUnicode_IS_COMPACT_ASCII(text)) return {};
  return {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)),
          static_cast<size_t>(PyUnicode_GET_LENGTH(text))};
}

// Borrowed; null where `environ`, a dict, has none. Leaves no exception: the keys are strings,
// whose comparison cannot fail.
inline PyObject* ItemOf(PyObject* environ, PyObject* name) noexcept {
  return PyDict_GetItemWithError(environ, name);
}

}  // namespace stirbar
