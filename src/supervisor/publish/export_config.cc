#include "supervisor/publish/export_config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <utility>

#include "supervisor/publish/config_table.h"

namespace stirbar {
namespace {

constexpr size_t kMostExports = 8;
constexpr std::string_view kOtlpPath = "/v1/metrics";
constexpr std::array<std::string_view, 2> kKinds{"otlp", "mysql"};

std::vector<std::string_view> KeysOf(ExportKind kind) {
  if (kind == ExportKind::kOtlp) {
    return {"name",
            "kind",
            "retry_max_seconds",
            "url",
            "url_file",
            "interval_seconds",
            "timeout_seconds",
            "token_file",
            "headers",
            "headers_file"};
  }
  return {"name", "kind",          "retry_max_seconds", "server", "database",
          "user", "password_file", "password_variable", "ssl_ca", "resolution_seconds"};
}

// RFC 9110: a token.
bool IsHeaderName(std::string_view text) {
  constexpr std::string_view kAlso = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char letter) {
    return std::isalnum(static_cast<uint8_t>(letter)) != 0 || kAlso.find(letter) != kAlso.npos;
  });
}

// Whoever may name a database must not be able to leave its quotes.
bool IsDatabaseName(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return std::isalnum(static_cast<uint8_t>(letter)) != 0 || letter == '_' ||
                  letter == '-' || letter == '$';
         });
}

void AddHeader(ConfigTable* table, std::string_view key, const std::string& line,
               ExportOptions* options) {
  const size_t colon = line.find(':');
  if (colon == std::string::npos || !IsHeaderName(std::string_view(line).substr(0, colon))) {
    table->Fail(key, "holds no header 'Name: value'");
    return;
  }
  options->headers.push_back(line);
}

void ReadOtlp(ConfigTable* table, ExportOptions* options) {
  options->url = table->Url();
  if (options->url.find_first_of("?#") == std::string::npos) {
    while (options->url.ends_with('/')) options->url.pop_back();
    if (!options->url.ends_with(kOtlpPath)) options->url += kOtlpPath;
  }
  options->interval = table->Duration("interval_seconds", 1, 300, options->interval);
  options->timeout = table->Duration("timeout_seconds", 1, 60, options->timeout);
  if (const std::string token = table->Secret("token_file"); !token.empty()) {
    options->headers.push_back("Authorization: Bearer " + token);
  }
  for (const auto& [name, value] : table->Pairs("headers")) {
    AddHeader(table, "headers", name + ": " + value, options);
  }
  if (const std::string line = table->Secret("headers_file"); !line.empty()) {
    AddHeader(table, "headers_file", line, options);
  }
}

void ReadMySql(ConfigTable* table, ExportOptions* options) {
  options->server = table->Needed("server");
  if (!options->server.starts_with('/')) {
    const size_t colon = options->server.rfind(':');
    const std::string port = colon == std::string::npos ? "" : options->server.substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 &&
                        port.find_first_not_of("0123456789") == std::string::npos;
    if (colon == 0 || !digits || std::atoi(port.c_str()) < 1 || std::atoi(port.c_str()) > 65535 ||
        options->server.find_first_of(" /@") != std::string::npos) {
      table->Fail("server", "takes HOST:PORT, or the path of a unix socket");
    }
  }
  options->database = table->Needed("database");
  if (!IsDatabaseName(options->database)) {
    table->Fail("database", "takes a name of letters, digits, '_', '-' and '$', at most 64");
  }
  options->user = table->Needed("user");
  if (table->Has("password_file") && table->Has("password_variable")) {
    table->Fail("password_file", "and 'password_variable' exclude each other");
  }
  options->password = table->Secret("password_file");
  if (const std::string variable = table->Text("password_variable"); !variable.empty()) {
    const char* const value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') {
      table->Fail("password_variable", "names a variable that is not set");
    } else {
      options->password = value;
    }
  }
  options->ssl_ca = table->Text("ssl_ca");
  options->resolution_seconds =
      static_cast<uint32_t>(table->OneOfNumbers("resolution_seconds", {10, 60, 600}, 60));
}

Result<ExportOptions> ReadExport(const ConfigFile& file, const toml::table& source) {
  ConfigTable table("exports", file, source);
  ExportOptions options;
  if (!table.Has("kind")) {
    table.Fail("kind", "is missing; it takes " + JoinedWords({kKinds.begin(), kKinds.end()}));
  }
  options.kind = static_cast<ExportKind>(table.OneOf("kind", kKinds, 0));
  table.CheckKeys(KeysOf(options.kind), "an export of kind " + std::string(Name(options.kind)));
  options.name = table.Has("name") ? table.Text("name") : std::string(Name(options.kind));
  if (options.name.size() > 40) table.Fail("name", "takes at most 40 characters");
  options.longest_pause = table.Duration("retry_max_seconds", 1, 3600, options.longest_pause);
  if (options.kind == ExportKind::kOtlp) {
    ReadOtlp(&table, &options);
  } else {
    ReadMySql(&table, &options);
  }
  if (table.error()) return *table.error();
  return options;
}

}  // namespace

Result<std::vector<ExportOptions>> LoadExports(const ConfigFile& file) {
  std::vector<ExportOptions> exports;
  const toml::node* const node = file.root.get("exports");
  if (node == nullptr) return exports;
  const toml::array* const tables = node->as_array();
  if (tables == nullptr) return ConfigError(file, *node, "exports are written as [[exports]]");
  for (const toml::node& each : *tables) {
    const toml::table* const table = each.as_table();
    if (table == nullptr) return ConfigError(file, each, "exports are written as [[exports]]");
    Result<ExportOptions> one = ReadExport(file, *table);
    if (!one) return Error{one.error()};
    const bool taken = std::any_of(exports.begin(), exports.end(),
                                   [&](const auto& other) { return other.name == one->name; });
    if (taken) {
      return ConfigError(file, *table,
                         "exports: the name '" + one->name + "' is there already; give it another");
    }
    exports.push_back(*std::move(one));
  }
  if (exports.size() > kMostExports) {
    return ConfigError(file, *node,
                       "there are more than " + std::to_string(kMostExports) + " exports");
  }
  return exports;
}

}  // namespace stirbar
