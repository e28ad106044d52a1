// From a werkzeug Rule object to its route id and policy, without looking at its text.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "probe/route_policy.h"
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

  struct Known {
    uint32_t id = kRouteOther;
    RoutePolicy policy;
  };

  // What is known of `rule` (a werkzeug Rule) for `method`. kRouteOther when the table is full or
  // the rule has no text. `policy_source` (may be null): called once, with the rule and the name of
  // the method, gives the policy as ReadPolicy() takes it. No Python exception is left behind.
  Known Find(Segment& segment, HttpMethod method, _object* rule, _object* policy_source) noexcept;

 private:
  // Twice the routes of a full table: half of the places stay free, so a probe ends soon.
  static constexpr size_t kPlaces = 2 * kMaxRoutes;
  struct Place {
    uintptr_t key = 0;  // address of the Rule | method: objects are 16-byte aligned
    Known known;
  };

  std::unique_ptr<std::array<Place, kPlaces>> places_;
  size_t used_ = 0;
};

// From (criticality, timeout, deadline, long_lived): an int, seconds (0: as the settings say), a
// bool. Anything else, null too, is the default policy. No Python exception is left behind.
RoutePolicy ReadPolicy(_object* row) noexcept;

}  // namespace stirbar
