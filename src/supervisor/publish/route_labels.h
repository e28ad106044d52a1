// From a route's id to the words that people know it by.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// Threads: any one. Borrows `routes`, which must live longer.
class RouteLabels {
 public:
  explicit RouteLabels(const std::vector<RouteSample>& routes);

  // "GET /item/<int:id>", "(unmatched)", "(other)", "(not routed yet)". A route that is in the
  // segment but not in this sample (claimed a moment ago) is "(new route)".
  std::string Of(HttpMethod method, uint32_t route) const;
  // The same with the method that the route was registered with.
  std::string Of(uint32_t route) const;

 private:
  std::unordered_map<uint32_t, const RouteSample*> by_id_;
};

// The rule without its method; the names in brackets for the special routes.
std::string RuleLabel(const RouteSample& route);

}  // namespace stirbar
