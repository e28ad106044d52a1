#include "supervisor/publish/pool_json.h"

#include <cmath>
#include <optional>

#include "segment/pools.h"

namespace stirbar {
namespace {

using std::nullopt;

double ToSeconds(uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

// "wait_ns" is shown as "wait_seconds".
void WriteCounters(const PoolTotals& totals, JsonWriter* json) {
  json->BeginObject("counters");
  for (const PoolCounterSpec& spec : kPoolCounterSpecs) {
    const std::string_view name = spec.name;
    const uint64_t count = Count(totals, spec.counter);
    if (name.ends_with("_ns")) {
      json->Field(std::string(name.substr(0, name.size() - 3)) + "_seconds", ToSeconds(count));
    } else {
      json->Field(name, count);
    }
  }
  json->EndObject();
}

void WriteTargets(const PoolSample& pool, JsonWriter* json) {
  json->BeginArray("targets");
  for (const TargetSample& target : pool.targets) {
    json->BeginObject();
    json->Field("name", target.name);
    json->Field("readonly", target.readonly);
    json->Field("connections", target.connections);
    json->Field("breakers_open", target.breakers_open);
    json->Field("connects", target.connects);
    json->Field("failures", target.failures);
    json->Field("connect_mean_seconds", target.connect_mean_seconds);
    json->Field("unavailable_seconds", target.unavailable_seconds);
    json->Field("last_error", target.last_error);
    json->EndObject();
  }
  json->EndArray();
}

void WritePool(const PoolSample& pool, PoolDetail detail, JsonWriter* json) {
  json->BeginObject();
  json->Field("name", pool.name);
  json->Field("fair", pool.fair);
  json->Field("workers", pool.workers);
  json->Field("size", pool.size);
  json->Field("max_overflow",
              pool.max_overflow != UINT32_MAX ? std::optional(pool.max_overflow) : nullopt);
  const bool limited = pool.capacity > 0;
  json->Field("capacity", limited ? std::optional(pool.capacity) : nullopt);
  json->Field("timeout_seconds", pool.timeout_seconds);
  json->Field("lifetime_seconds",
              pool.lifetime_seconds > 0 ? std::optional(pool.lifetime_seconds) : nullopt);
  json->Field("idle", pool.idle);
  json->Field("active", pool.active);
  json->Field("connecting", pool.connecting);
  json->BeginObject("waiting");
  for (size_t lane = 0; lane < kPoolLanes; ++lane) {
    json->Field(Name(static_cast<PoolLane>(lane)), pool.waiting[lane]);
  }
  json->EndObject();
  json->Field("oldest_wait_seconds", pool.oldest_wait_seconds);
  json->Field("throttled", pool.throttled);
  json->Field("utilisation", limited ? std::optional(pool.utilisation) : nullopt);
  json->BeginObject("wait");
  json->Field("p50_seconds", pool.wait_p50_seconds);
  json->Field("p95_seconds", pool.wait_p95_seconds);
  json->Field("p99_seconds", pool.wait_p99_seconds);
  json->Field("max_seconds", ToSeconds(pool.totals.wait_max_ns));
  json->EndObject();
  json->BeginObject("hold");
  json->Field("mean_seconds", pool.hold_mean_seconds);
  json->Field("max_seconds", ToSeconds(pool.totals.hold_max_ns));
  json->EndObject();
  json->Field("active_p95", pool.active_p95);
  json->Field("active_max", pool.active_max);
  if (detail == PoolDetail::kWhole) {
    WriteCounters(pool.totals, json);
    WriteTargets(pool, json);
  }
  json->EndObject();
}

}  // namespace

void WriteWallSeconds(std::string_view key, uint64_t wall_ns, JsonWriter* json) {
  if (wall_ns == 0) {
    json->Field(key, nullopt);
  } else {
    json->Field(key, Exact{std::round(static_cast<double>(wall_ns) / 1e6) / 1e3});
  }
}

void WritePools(const Sample& sample, PoolDetail detail, JsonWriter* json) {
  json->BeginArray("pools");
  for (const PoolSample& pool : sample.pools) WritePool(pool, detail, json);
  json->EndArray();
}

}  // namespace stirbar
