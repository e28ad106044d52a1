#include "supervisor/config_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace stirbar {
namespace {

constexpr std::string_view kDefaultName = "stirbar.toml";
constexpr off_t kLargestBytes = 1 << 20;
constexpr std::array<std::string_view, 4> kTables{"settings", "rules", "sinks", "health"};

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

// Where the text beginning at `at` ends: behind its closing quotes, or where it breaks off.
size_t EndOfText(std::string_view text, size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool many_lines = text.substr(at, 3) == three;
  at += many_lines ? 3 : 1;
  while (at < text.size()) {
    if (text[at] == '\\' && quote == '"') {
      at += 2;
    } else if (many_lines && text.substr(at, 3) == three) {
      at += 3;
      while (at < text.size() && text[at] == quote) ++at;  // up to two belong to the text
      return at;
    } else if (!many_lines && (text[at] == quote || text[at] == '\n')) {
      return at + 1;
    } else {
      ++at;
    }
  }
  return text.size();
}

// The first byte beyond ASCII that is in no text and no comment; npos: there is none. TOML allows
// none there, and the library's checks of them end in what it holds to be unreachable.
size_t StrayByte(std::string_view text) {
  size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) >= 0x80) return at;
    if (text[at] == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (text[at] == '"' || text[at] == '\'') {
      at = EndOfText(text, at);
    } else {
      ++at;
    }
  }
  return std::string_view::npos;
}

toml::source_position PositionOf(std::string_view text, size_t at) {
  toml::source_position position{1, 1};
  for (const char byte : text.substr(0, at)) {
    if (byte == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80) {  // not the rest of a letter
      ++position.column;
    }
  }
  return position;
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
  if (const size_t stray = StrayByte(text); stray != std::string_view::npos) {
    return Error{Place(path, PositionOf(text, stray)) +
                 "letters beyond ASCII stand in quotes and comments only"};
  }
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
      return ConfigError(
          file, node,
          "'" + std::string(key.str()) + "' is not known; known: settings, rules, sinks, health");
    }
  }
  return file;
}

Error ConfigError(const ConfigFile& file, const toml::node& where, std::string_view what) {
  return Error{Place(file.path, where.source().begin) + std::string(what)};
}

}  // namespace stirbar
