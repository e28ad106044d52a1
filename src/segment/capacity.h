// How many there can be of each in the segment; included by layout.h.
#pragma once

#include <cstddef>

namespace stirbar {

// 64 workers is the largest deployment that the budgets name; twice that lets a full set of
// replacements start before the old ones are buried.
inline constexpr size_t kMaxWorkers = 128;
// Past 2,048 routes (method x url_rule) further ones are counted as kRouteOther.
inline constexpr size_t kMaxRoutes = 2048;
// Requests at once in one worker that can be seen in flight; more are counted, not seen.
inline constexpr size_t kMaxInFlight = 256;
// 1,024 events hold the last minutes of trouble; older ones are overwritten and counted.
inline constexpr size_t kMaxEvents = 1024;
// 15 minutes at one point a second: what the charts show when the page is opened.
inline constexpr size_t kHistoryLength = 900;
inline constexpr size_t kSnapshotBytes = 512 * 1024 - 64;
inline constexpr size_t kMaxSettings = 128;
// Hosts that the app calls; calls to further ones are counted as kHostOther.
inline constexpr size_t kMaxHosts = 128;
// Slow requests of one worker that wait to be fetched by the supervisor (four times a second).
inline constexpr size_t kMaxSlowRequests = 16;
// Caches of one worker that are counted; further ones are evicted, not shown.
inline constexpr size_t kMaxCaches = 16;

}  // namespace stirbar
