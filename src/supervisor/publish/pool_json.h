// Pools in JSON: whole for /api/v1/connections, short for the snapshot.
#pragma once

#include <string_view>

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Wall time as seconds since 1970, to the millisecond; null for 0.
void WriteWallSeconds(std::string_view key, uint64_t wall_ns, JsonWriter* json);

enum class PoolDetail {
  kWhole,
  kShort,  // without counters and targets
};

// The field `pools`.
void WritePools(const Sample& sample, PoolDetail detail, JsonWriter* json);

}  // namespace stirbar
