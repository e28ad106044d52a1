// GET /api/v1/connections as text for a terminal: `stirbar connections`.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace stirbar {

enum class ShownStacks {
  kPlace,  // of each held connection the app's own frame
  kWhole,
};

// What of `answer` belongs to pools whose names contain `pool`; all for an empty one.
boost::json::object OfPool(const boost::json::object& answer, std::string_view pool);

// Lines without their ends: the pools, who holds connections (longest first), leaks, slow
// statements. Members that are missing are shown as "-", and nothing in them steers the terminal.
std::vector<std::string> RenderConnections(const boost::json::object& answer, ShownStacks shown);

}  // namespace stirbar
