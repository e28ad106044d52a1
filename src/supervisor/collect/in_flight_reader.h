// One request in flight, read from the segment while its worker may end it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// What `request` says; `slot`, `pid` and `index` are the caller's to fill, and `route` is as the
// worker wrote it. Absent: free, or it has ended while it was read. Values that only a damaged
// segment can contain read as the harmless ones.
std::optional<InFlightSample> ReadInFlight(const InFlight& request, uint64_t now_ns);

// "192.0.2.0", "2001:db8::" from the two words of InFlight::client; empty: not known.
std::string ClientText(const std::array<uint64_t, 2>& words);

}  // namespace stirbar
