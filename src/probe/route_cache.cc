#include <Python.h>
// First, because CPython asks for it.

#include <string_view>

#include "probe/route_cache.h"
#include "probe/wsgi_names.h"
#include "segment/routes.h"

namespace stirbar {
namespace {

uint32_t Intern(Segment& segment, HttpMethod method, PyObject* rule) {
  PyObject* const text = PyObject_GetAttrString(rule, "rule");
  uint32_t id = kRouteOther;
  Py_ssize_t bytes = 0;
  const char* const letters =
      text != nullptr && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &bytes) : nullptr;
  if (letters != nullptr) {
    id = InternRoute(segment, method, std::string_view(letters, static_cast<size_t>(bytes)));
  }
  PyErr_Clear();
  Py_XDECREF(text);
  return id;
}

// Runs the app's view lookup, once for each rule and method. Steals nothing.
RoutePolicy AskPolicy(PyObject* source, HttpMethod method, PyObject* rule) {
  if (source == nullptr) return {};
  PyObject* const row = PyObject_CallFunction(source, "Os", rule, NameOf(method));
  PyErr_Clear();
  const RoutePolicy policy = ReadPolicy(row);
  Py_XDECREF(row);
  return policy;
}

}  // namespace

RoutePolicy ReadPolicy(PyObject* row) noexcept {
  RoutePolicy policy;
  int criticality = 1;
  double timeout = 0;
  double deadline = 0;
  int long_lived = 0;
  constexpr double kLongest = 1e9;  // seconds: no overflow of nanoseconds
  if (row == nullptr || !PyTuple_Check(row) ||
      !PyArg_ParseTuple(row, "iddp", &criticality, &timeout, &deadline, &long_lived) ||
      criticality < 0 || criticality >= static_cast<int>(kCriticalities) || !(timeout >= 0) ||
      !(deadline >= 0) || timeout > kLongest || deadline > kLongest) {
    PyErr_Clear();
    return policy;
  }
  policy.criticality = static_cast<Criticality>(criticality);
  policy.limit_ns = static_cast<uint64_t>(timeout * 1e9);
  policy.deadline_ns = static_cast<uint64_t>(deadline * 1e9);
  policy.long_lived = long_lived != 0;
  return policy;
}

RouteCache::RouteCache() : places_(std::make_unique<std::array<Place, kPlaces>>()) {}

RouteCache::Known RouteCache::Find(Segment& segment, HttpMethod method, PyObject* rule,
                                   PyObject* policy_source) noexcept {
  const uintptr_t key = reinterpret_cast<uintptr_t>(rule) | static_cast<uintptr_t>(method);
  // Fibonacci hashing: addresses differ in their middle bits.
  size_t index = (key * 0x9E3779B97F4A7C15U) >> 40U;
  for (;; ++index) {
    Place& place = (*places_)[index % kPlaces];
    if (place.key == key) return place.known;
    if (place.key != 0) continue;
    if (used_ >= kMaxRoutes) return {};
    Py_INCREF(rule);
    // Taken before Python code runs, which may come here for the same rule in another thread.
    place = {key, {Intern(segment, method, rule), {}}};
    ++used_;
    place.known.policy = AskPolicy(policy_source, method, rule);
    return place.known;
  }
}

}  // namespace stirbar
