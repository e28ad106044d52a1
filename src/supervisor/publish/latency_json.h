// The latency grid as JSON: what GET /api/v1/latency shows. Shape: docs/openapi.yaml.
#pragma once

#include <string>

#include "supervisor/publish/latency_grid.h"

namespace stirbar {

std::string LatencyJson(const LatencyView& view);

}  // namespace stirbar
