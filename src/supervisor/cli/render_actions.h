// Actions, as the API tells them, for the terminal.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

namespace stirbar {

int64_t NumberOfAction(const boost::json::object& action);  // 0: it has none
bool IsRunningAction(const boost::json::object& action);
bool IsFailedAction(const boost::json::object& action);

// "evict   worker 0 (pid 41)  done      -12.3 MB  caches: asked for; 250 entries ... evicted".
// Control characters are replaced: some of it comes from the app.
std::string RenderAction(const boost::json::object& action);

// What the supervisor has said to a POST.
std::string AnswerText(const boost::json::object& answer);

}  // namespace stirbar
