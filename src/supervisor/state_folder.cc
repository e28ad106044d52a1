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

std::string HistoryFolder() { return StateFolder() + "/history"; }

HistoryPlace HistoryPlaceOf(const std::string& configured, const std::string& app_name) {
  const char* const variable = std::getenv("STIRBAR_HISTORY");
  const bool chosen = !configured.empty() || variable != nullptr;
  const std::string file = app_name + ".sqlite";
  if (!chosen) return {HistoryFolder() + "/" + file, true};
  const std::string path = !configured.empty() ? configured : variable;
  if (path.empty() || path == "off") return {};
  std::error_code ignored;
  const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
  const bool is_folder = path.back() == '/' || std::filesystem::is_directory(absolute, ignored);
  return {(is_folder ? absolute / file : absolute).string(), false};
}

}  // namespace stirbar
