// From a werkzeug Rule object to its route id, without looking at its text.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "segment/layout.h"

struct _object;  // PyObject

namespace stirbar {

// Open addressing over (Rule object, method). Keeps a reference to each Rule, so that no other
// object can take its address.
//
// Threads: whoever holds the interpreter lock. Time: one or two probes for a known rule; a new one
// costs a scan of the segment's table, once.
class RouteCache {
 public:
  RouteCache();

  // The id of `rule` (a werkzeug Rule) for `method`. kRouteOther when the table is full or the rule
  // has no text; no Python exception is left behind.
  uint32_t IdOf(Segment& segment, HttpMethod method, _object* rule) noexcept;

 private:
  // Twice the routes of a full table: half of the places stay free, so a probe ends soon.
  static constexpr size_t kPlaces = 2 * kMaxRoutes;
  struct Place {
    uintptr_t key = 0;  // address of the Rule | method: objects are 16-byte aligned
    uint32_t id = 0;
  };

  std::unique_ptr<std::array<Place, kPlaces>> places_;
  size_t used_ = 0;
};

}  // namespace stirbar
