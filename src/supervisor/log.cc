#include "supervisor/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace stirbar {
namespace {

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = spdlog::stderr_logger_st("stirbar");
    made->set_pattern("[stirbar] %Y-%m-%d %H:%M:%S.%e %l %v");
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum LevelOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kCritical:
      return spdlog::level::critical;
  }
  return spdlog::level::info;
}

}  // namespace

void Log(Severity severity, const std::string& text) {
  std::string line = text;
  std::replace_if(
      line.begin(), line.end(), [](char letter) { return static_cast<uint8_t>(letter) < 0x20; },
      '?');
  Logger().log(LevelOf(severity), "{}", line);
}

}  // namespace stirbar
