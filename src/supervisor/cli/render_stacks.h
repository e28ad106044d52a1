// GET /api/v1/stacks as text for a terminal: `stirbar stacks`.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "supervisor/cli/render.h"

namespace stirbar {

enum class ShownThreads {
  kConcerned,  // those that work at a request or hold the interpreter lock
  kAll,
};

// Lines without their ends: for each worker a header, then its threads, innermost frame first.
// Members that are missing are shown as "-".
std::vector<std::string> RenderStacks(const boost::json::object& stacks, ShownThreads shown,
                                      Colour colour);

}  // namespace stirbar
