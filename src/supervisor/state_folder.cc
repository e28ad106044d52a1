#include "supervisor/state_folder.h"

#include <cstdlib>
#include <filesystem>

namespace stirbar {
namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string StateFolder() {
  if (const std::string state = Environment("XDG_STATE_HOME"); !state.empty()) {
    return state + "/stirbar";
  }
  if (const std::string home = Environment("HOME"); !home.empty() && home != "/") {
    return home + "/.local/state/stirbar";
  }
  return "/var/lib/stirbar";
}

std::string TokenPath() {
  if (const std::string file = Environment("STIRBAR_TOKEN_FILE"); !file.empty()) return file;
  return StateFolder() + "/token";
}

std::string ReaderTokenPath() {
  if (const std::string file = Environment("STIRBAR_READER_TOKEN_FILE"); !file.empty()) return file;
  return std::filesystem::path(TokenPath()).replace_filename("reader-token").string();
}

}  // namespace stirbar
