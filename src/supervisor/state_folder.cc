#include "supervisor/state_folder.h"

#include <cstdlib>

namespace stirbar {
namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string TokenPath() {
  if (const std::string file = Environment("STIRBAR_TOKEN_FILE"); !file.empty()) return file;
  if (const std::string state = Environment("XDG_STATE_HOME"); !state.empty()) {
    return state + "/stirbar/token";
  }
  if (const std::string home = Environment("HOME"); !home.empty() && home != "/") {
    return home + "/.local/state/stirbar/token";
  }
  return "/var/lib/stirbar/token";
}

}  // namespace stirbar
