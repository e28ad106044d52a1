#include "supervisor/config_file.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace stirbar {
namespace {

constexpr std::string_view kDefaultName = "stirbar.toml";
constexpr off_t kLargestBytes = 1 << 20;
constexpr std::array<std::string_view, 5> kTables{"settings", "rules", "sinks", "exports",
                                                  "health"};

std::string Place(const std::string& path, const toml::source_position& at) {
  return path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
}

Result<std::string> Read(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return ErrnoError("open " + path, errno);
  if (!S_ISREG(info.st_mode)) return Error{path + " is no file"};
  if (info.st_size > kLargestBytes) return Error{path + " is larger than 1 MiB"};
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{"read " + path + ": it cannot be read"};
  return text.str();
}

}  // namespace

Result<ConfigFile> LoadConfigFile(const std::string& path) {
  ConfigFile file{path, {}};
  if (file.path.empty()) {
    const char* const named = std::getenv("STIRBAR_CONFIG");
    if (named != nullptr) file.path = named;
  }
  if (file.path.empty()) {
    struct stat info {};
    if (stat(std::string(kDefaultName).c_str(), &info) != 0) return file;
    file.path = kDefaultName;
  }
  const Result<std::string> text = Read(file.path);
  if (!text) return Error{text.error()};
  return ParseConfigFile(file.path, *text);
}

Result<ConfigFile> ParseConfigFile(const std::string& path, std::string_view text) {
  ConfigFile file{path, {}};
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return Error{Place(file.path, parsed.error().source().begin) +
                 std::string(parsed.error().description())};
  }
  file.root = std::move(parsed).table();
  for (const auto& [key, node] : file.root) {
    bool known = false;
    for (const std::string_view table : kTables) known = known || key.str() == table;
    if (!known) {
      return ConfigError(file, node,
                         "'" + std::string(key.str()) +
                             "' is not known; known: settings, rules, sinks, exports, health");
    }
  }
  return file;
}

Error ConfigError(const ConfigFile& file, const toml::node& where, std::string_view what) {
  return Error{Place(file.path, where.source().begin) + std::string(what)};
}

}  // namespace stirbar
