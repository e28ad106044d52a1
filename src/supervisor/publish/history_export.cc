#include "supervisor/publish/history_export.h"

#include <unistd.h>

#include <array>

#include "supervisor/publish/config_table.h"

namespace stirbar {

std::string_view Name(ExportKind kind) {
  constexpr std::array<std::string_view, 2> kNames{"otlp", "mysql"};
  return kNames[static_cast<size_t>(kind)];
}

std::string TargetOf(const ExportOptions& options) {
  if (options.kind == ExportKind::kOtlp) return OriginOf(options.url);
  return options.server + "/" + options.database;
}

ExportOrigin OriginOfApp(const std::string& app) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return {app, host.data()};
}

}  // namespace stirbar
