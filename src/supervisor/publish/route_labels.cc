#include "supervisor/publish/route_labels.h"

namespace stirbar {
namespace {

bool IsSpecial(uint32_t route) {
  return route == kRouteUnmatched || route == kRouteOther || route == kRouteUnknown;
}

}  // namespace

RouteLabels::RouteLabels(const std::vector<RouteSample>& routes) {
  by_id_.reserve(routes.size());
  for (const RouteSample& route : routes) by_id_.emplace(route.id, &route);
}

std::string RouteLabels::Of(HttpMethod method, uint32_t route) const {
  if (IsSpecial(route)) return RouteLabel(method, route, {});
  const auto found = by_id_.find(route);
  if (found == by_id_.end()) return "(new route)";
  return RouteLabel(method, route, found->second->rule);
}

std::string RouteLabels::Of(uint32_t route) const {
  const auto found = by_id_.find(route);
  return Of(found == by_id_.end() ? HttpMethod::kOther : found->second->method, route);
}

std::string RuleLabel(const RouteSample& route) {
  return IsSpecial(route.id) ? RouteLabel(route.method, route.id, {}) : route.rule;
}

}  // namespace stirbar
