#include "supervisor/publish/action_metrics.h"

#include <array>
#include <string>

namespace stirbar {
namespace {

constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kCounter = MetricType::kCounter;
constexpr std::array kEmergencyStates{EmergencyState::kCalm, EmergencyState::kShedding,
                                      EmergencyState::kCleaning, EmergencyState::kRecycling,
                                      EmergencyState::kCooling};

void WriteCaches(const Sample& sample, MetricWriter* metrics) {
  const auto each = [&](const char* name, MetricType type, const char* help, auto value_of) {
    metrics->Family(name, type, help);
    for (const CacheSample& cache : sample.caches) {
      metrics->Sample(MetricLabel("cache", cache.name), value_of(cache));
    }
  };
  each("cache_hits_total", kCounter, "Lookups that a registered cache has answered.",
       [](const CacheSample& cache) { return cache.hits; });
  each("cache_misses_total", kCounter, "Lookups that it has not.",
       [](const CacheSample& cache) { return cache.misses; });
  each("cache_evictions_total", kCounter, "Entries that cleanups have evicted.",
       [](const CacheSample& cache) { return cache.evictions; });
  each("cache_entries", kGauge, "Entries in all workers.", [](const CacheSample& cache) {
    return cache.entries ? static_cast<double>(*cache.entries) : kNotMeasured;
  });
  each("cache_hit_ratio", kGauge, "Share of the last minute's lookups that were hits.",
       [](const CacheSample& cache) { return cache.hit_ratio; });
}

}  // namespace

void WriteActionMetrics(const Sample& sample, MetricWriter* metrics) {
  metrics->Family("actions_total", kCounter,
                  "What was done to the app, or withheld, since the supervisor began.");
  for (const ActionCount& count : sample.action_counts) {
    metrics->Sample(
        MetricLabel("action", Name(count.kind)) + "," + MetricLabel("state", Name(count.state)),
        count.count);
  }
  metrics->Family("actions_reclaimed_bytes_total", kCounter, "Memory that actions gave back.");
  for (const ActionCount& count : sample.action_counts) {
    if (count.state != ActionState::kDone) continue;
    metrics->Sample(MetricLabel("action", Name(count.kind)), count.reclaimed_bytes);
  }
  metrics->Family("memory_emergency", kGauge,
                  "1 for the state of the memory emergency that holds.");
  for (const EmergencyState state : kEmergencyStates) {
    metrics->Sample(MetricLabel("state", Name(state)), uint64_t{sample.emergency.state == state});
  }
  WriteCaches(sample, metrics);
}

}  // namespace stirbar
