// The route table: `method + url_rule`, each written once, never changed.
#pragma once

#include <cstdint>
#include <string_view>

#include "segment/layout.h"

namespace stirbar {

// The id of (method, rule), appended when it is new; kRouteOther when the table is full. Rules
// longer than 239 bytes are cut. Threads and processes: any. Time: a scan of the table, up to 2,048
// hashes; called once for each rule and worker, its result kept by the caller. Never waits: a rule
// that two workers append at the same moment gets two entries of equal text.
uint32_t InternRoute(Segment& segment, HttpMethod method, std::string_view rule) noexcept;

// The entry of `route` when it is whole, else null.
const RouteEntry* FindRoute(const Segment& segment, uint32_t route);

// The rule of `entry`, bounded whatever the bytes are.
std::string_view RuleOf(const RouteEntry& entry);

}  // namespace stirbar
