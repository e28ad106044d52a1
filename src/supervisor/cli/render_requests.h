// Requests in flight and slow requests as text for a terminal: `stirbar requests`.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace stirbar {

// Lines without their ends, of `snapshot` as GET /api/v1/snapshot gives it; members that are
// missing are shown as "-", and nothing in them steers the terminal.
std::vector<std::string> RenderInFlight(const boost::json::object& snapshot);

// The newest last, each with its breakdown, its statements and its stack, innermost frame first.
std::vector<std::string> RenderSlow(const boost::json::object& snapshot);

}  // namespace stirbar
