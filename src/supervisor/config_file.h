// stirbar.toml: what is configured for one app, where the environment is not the place for it.
//
//   [settings]      the table of docs/configuration.md: name = value
//   [[rules]]       changes to the built-in rules, and rules of one's own (docs/rules.md)
//   [[sinks]]       where alerts go
//   [health.groups] parts of the health with addresses of their own
//
// The file is read once, at the start; each part of the supervisor reads its own table of it. A key
// that nobody knows is refused, with line and column.
#pragma once

#include <string>
#include <string_view>

#define TOML_EXCEPTIONS 0
// The library asserts what a file can break ("T:07" for a time), and then refuses it all the same.
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/result.h"

namespace stirbar {

struct ConfigFile {
  std::string path;  // empty: there is none, and the table is empty
  toml::table root;
};

// The file at `path`. Empty: $STIRBAR_CONFIG, else stirbar.toml of the working folder, else none at
// all. Failure: it is not there though it was named, cannot be read, is larger than 1 MiB, is no
// TOML, or has a table that nobody knows: with path, line and column.
Result<ConfigFile> LoadConfigFile(const std::string& path);

// `text` as such a file; `path` is for errors. Failure: as above.
Result<ConfigFile> ParseConfigFile(const std::string& path, std::string_view text);

// "stirbar.toml:12:3: " and then what is wrong there.
Error ConfigError(const ConfigFile& file, const toml::node& where, std::string_view what);

}  // namespace stirbar
