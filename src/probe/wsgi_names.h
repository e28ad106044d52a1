// Strings that the WSGI face looks up in dictionaries, interned once.
#pragma once

#include <Python.h>

#include <array>

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

  // The method that the str `text` names. Time: servers intern or share "GET", so that most calls
  // compare one pointer.
  HttpMethod MethodOf(PyObject* text) const;

 private:
  static Names names_;
  std::array<PyObject*, 8> methods_{};  // by HttpMethod
};

}  // namespace stirbar
