#include <Python.h>
// First, because CPython asks for it.

#include <string_view>

#include "probe/route_cache.h"
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

}  // namespace

RouteCache::RouteCache() : places_(std::make_unique<std::array<Place, kPlaces>>()) {}

uint32_t RouteCache::IdOf(Segment& segment, HttpMethod method, PyObject* rule) noexcept {
  const uintptr_t key = reinterpret_cast<uintptr_t>(rule) | static_cast<uintptr_t>(method);
  // Fibonacci hashing: addresses differ in their middle bits.
  size_t index = (key * 0x9E3779B97F4A7C15U) >> 40U;
  for (;; ++index) {
    Place& place = (*places_)[index % kPlaces];
    if (place.key == key) return place.id;
    if (place.key != 0) continue;
    if (used_ >= kMaxRoutes) return kRouteOther;
    const uint32_t id = Intern(segment, method, rule);
    Py_INCREF(rule);
    place = {key, id};
    ++used_;
    return id;
  }
}

}  // namespace stirbar
