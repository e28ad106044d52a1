#include "segment/routes.h"

#include <algorithm>
#include <cstring>

namespace stirbar {
namespace {

uint32_t UsedEntries(const Segment& segment) {
  return std::min<uint32_t>(segment.header.route_count.load(std::memory_order_acquire), kMaxRoutes);
}

// FNV-1a, 64 bits: short, and the same in every process (std::hash need not be).
uint64_t HashOf(HttpMethod method, std::string_view rule) {
  uint64_t hash = 0xCBF29CE484222325U ^ static_cast<uint64_t>(method);
  for (const char letter : rule) {
    hash = (hash ^ static_cast<uint8_t>(letter)) * 0x100000001B3U;
  }
  return hash;
}

}  // namespace

std::string_view RuleOf(const RouteEntry& entry) {
  return {entry.rule, strnlen(entry.rule, sizeof entry.rule)};
}

const RouteEntry* FindRoute(const Segment& segment, uint32_t route) {
  if (route >= UsedEntries(segment)) return nullptr;
  const RouteEntry& entry = segment.routes[route];
  const bool whole =
      entry.state.load(std::memory_order_acquire) == static_cast<uint32_t>(RouteState::kReady);
  return whole ? &entry : nullptr;
}

uint32_t InternRoute(Segment& segment, HttpMethod method, std::string_view rule) noexcept {
  // What follows a NUL could not be found again, and would be appended by every worker anew.
  rule = rule.substr(0, rule.find('\0'));
  const uint64_t hash = HashOf(method, rule);
  const size_t bytes = std::min(rule.size(), sizeof(RouteEntry::rule) - 1);
  const uint32_t used = UsedEntries(segment);
  for (uint32_t route = kRouteOther + 1; route < used; ++route) {
    const RouteEntry* const entry = FindRoute(segment, route);
    if (entry != nullptr && entry->hash == hash && entry->method == method &&
        (bytes < rule.size() || RuleOf(*entry) == rule)) {
      return route;
    }
  }
  // Checked first, so that a full table does not count on for ever and wrap.
  if (used >= kMaxRoutes) return kRouteOther;
  const uint32_t route = segment.header.route_count.fetch_add(1, std::memory_order_relaxed);
  if (route >= kMaxRoutes) return kRouteOther;
  RouteEntry& entry = segment.routes[route];
  entry.state.store(static_cast<uint32_t>(RouteState::kClaimed), std::memory_order_relaxed);
  entry.method = method;
  entry.hash = hash;
  std::memcpy(entry.rule, rule.data(), bytes);
  entry.rule[bytes] = '\0';
  if (bytes < rule.size()) std::memcpy(entry.rule + bytes - 3, "...", 3);
  entry.state.store(static_cast<uint32_t>(RouteState::kReady), std::memory_order_release);
  return route;
}

}  // namespace stirbar
