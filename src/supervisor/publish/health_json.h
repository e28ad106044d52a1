// The answers of the health endpoints as application/health+json
// (draft-inadarei-api-health-check-06).
#pragma once

#include <string>
#include <string_view>

#include "supervisor/supervisor.h"

namespace stirbar {

enum class HealthProbe { kLive, kReady, kStartup };

struct HealthAnswer {
  int http_status = 200;  // 503 when the status is "fail"
  std::string text;
};

// What was last observed; never waits for a worker or a dependency. `snapshot` is null before the
// first tick: alive, but neither started nor ready. `checks` tell about the components; only the
// top-level `status` decides, because liveness must not depend on any of them.
HealthAnswer HealthJson(HealthProbe probe, const Snapshot* snapshot);

// The same of a group of stirbar.toml.
HealthAnswer GroupHealthJson(std::string_view name, const Snapshot* snapshot);

}  // namespace stirbar
