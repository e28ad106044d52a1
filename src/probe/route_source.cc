#include <Python.h>
// First, because CPython asks for it.

#include <algorithm>
#include <exception>
#include <vector>

#include "probe/route_cache.h"
#include "probe/route_source.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

std::vector<RouteSource*>& Sources() {
  static auto* const sources = new std::vector<RouteSource*>();
  return *sources;
}

uint32_t MethodsOf(PyObject* names) {
  uint32_t methods = 0;
  const Py_ssize_t count = PyList_Check(names) ? PyList_GET_SIZE(names) : 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    methods |= PathTable::Bit(Names::Get().MethodOf(PyList_GET_ITEM(names, i)));
  }
  return methods;
}

void AddRow(PyObject* row, PathTable* table) {
  const char* rule = nullptr;
  PyObject* methods = nullptr;
  PyObject* policy = nullptr;
  if (!PyTuple_Check(row) || !PyArg_ParseTuple(row, "sOO", &rule, &methods, &policy)) {
    PyErr_Clear();
    return;
  }
  table->Add(rule, MethodsOf(methods), ReadPolicy(policy));
}

}  // namespace

void AddRouteSource(RouteSource* source) noexcept {
  try {
    Sources().push_back(source);
  } catch (const std::exception&) {
    // Out of memory.
  }
}

void RemoveRouteSource(RouteSource* source) noexcept {
  std::erase(Sources(), source);
  delete source->table;
  source->table = nullptr;
}

void RefreshRouteSource(RouteSource* source) noexcept {
  if (source->source == nullptr) return;
  PyObject* const owner = Py_NewRef(source->owner);  // Python code may drop the last reference
  PyObject* const rows = PyObject_CallFunction(source->source, "n", source->known);
  PyErr_Clear();
  if (rows != nullptr && PyList_Check(rows)) {
    try {
      auto table = std::make_unique<PathTable>();
      const Py_ssize_t count = PyList_GET_SIZE(rows);
      for (Py_ssize_t i = 0; i < count; ++i) AddRow(PyList_GET_ITEM(rows, i), table.get());
      table->Seal();
      delete source->table;
      source->table = table.release();
      source->known = count;
    } catch (const std::exception&) {
      // Out of memory: asked again.
    }
  }
  Py_XDECREF(rows);
  Py_DECREF(owner);
}

void RefreshRouteSources() {
  std::vector<RouteSource*>& sources = Sources();
  for (size_t i = 0; i < sources.size(); ++i) RefreshRouteSource(sources[i]);
}

PathTable* SoleTable() noexcept {
  const std::vector<RouteSource*>& sources = Sources();
  return sources.size() == 1 ? sources.front()->table : nullptr;
}

PathTable::Route* FindRouteOf(RouteSource* source, HttpMethod method, PyObject* environ) noexcept {
  if (source->table == nullptr) RefreshRouteSource(source);
  if (source->table == nullptr) return nullptr;
  return source->table->Find(method, TextOf(ItemOf(environ, Names::Get().path_info)));
}

}  // namespace stirbar
