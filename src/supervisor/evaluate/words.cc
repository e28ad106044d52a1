#include "supervisor/evaluate/words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace stirbar {
namespace {

std::string Format(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

}  // namespace

std::string SecondsText(double seconds) {
  if (seconds < 0.995) return Format("%.2f s", seconds);
  if (seconds < 9.95) return Format("%.1f s", seconds);
  if (seconds < 119.5) return Format("%.0f s", seconds);
  const double minutes = std::floor(seconds / 60);
  if (minutes < 120) {
    return Format("%.0f min ", minutes) + Format("%.0f s", std::floor(seconds - minutes * 60));
  }
  const double hours = std::floor(minutes / 60);
  return Format("%.0f h ", hours) + Format("%.0f min", minutes - hours * 60);
}

std::string PercentText(double ratio) {
  return Format(ratio > 0 && ratio < 0.0995 ? "%.1f %%" : "%.0f %%", ratio * 100);
}

std::string BytesText(double bytes) {
  if (bytes < 999.5e6) return Format("%.0f MB", bytes / 1e6);
  return Format(bytes < 99.95e9 ? "%.1f GB" : "%.0f GB", bytes / 1e9);
}

std::string NumberText(double number) {
  return Format(number == std::floor(number) ? "%.0f" : "%.1f", number);
}

std::string CountText(uint64_t count, std::string_view thing) {
  std::string text = std::to_string(count) + ' ' + std::string(thing);
  if (count != 1) text += 's';
  return text;
}

std::string ListText(const std::vector<std::string>& items) {
  if (items.empty()) return "";
  if (items.size() == 1) return items[0];
  if (items.size() == 2) return items[0] + " and " + items[1];
  return items[0] + ", " + items[1] + " and " + std::to_string(items.size() - 2) + " more";
}

std::string WorkerText(uint32_t slot, uint32_t pid) {
  return "worker " + std::to_string(slot) + " (pid " + std::to_string(pid) + ")";
}

std::string RequestText(const InFlightSample& request, const Sample& sample) {
  if (request.route == kRouteUnknown) return "a request not routed yet";
  if (request.route == kRouteUnmatched) return "a request to no known route";
  if (request.route == kRouteOther) return "a request to a route past the table's end";
  const auto route = std::find_if(sample.routes.begin(), sample.routes.end(),
                                  [&](const RouteSample& r) { return r.id == request.route; });
  if (route == sample.routes.end()) return "route " + std::to_string(request.route);
  return RouteLabel(route->method, route->id, route->rule);
}

}  // namespace stirbar
