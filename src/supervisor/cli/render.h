// The snapshot as text for a terminal: `stirbar status` and `stirbar top`.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace stirbar {

enum class Colour { kOff, kOn };

struct RenderOptions {
  size_t width = 100;       // columns; longer lines are cut
  size_t route_rows = 10;   // busiest routes shown
  size_t request_rows = 5;  // oldest requests in flight shown
  Colour colour = Colour::kOff;
};

// Lines without their ends. `snapshot` is that of /api/v1/snapshot; members that are missing are
// shown as "-".
std::vector<std::string> Render(const boost::json::object& snapshot, const RenderOptions& options);

}  // namespace stirbar
