// The words of application/health+json for a status.
#pragma once

#include <string_view>

#include "supervisor/supervisor.h"

namespace stirbar {

// pass, warn, fail.
constexpr std::string_view HealthWord(Status status) {
  switch (status) {
    case Status::kHealthy:
      return "pass";
    case Status::kWarning:
      return "warn";
    case Status::kCritical:
      return "fail";
  }
  return "fail";
}

}  // namespace stirbar
