// GET /api/v1/alerts as text for a terminal: `stirbar alerts`.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stirbar {

// Lines without their ends: what fires and is pending, silences, sinks, and the newest that is
// over. Members that are missing are shown as "-", and nothing in them steers the terminal.
std::vector<std::string> RenderAlerts(const boost::json::object& answer);

}  // namespace stirbar
