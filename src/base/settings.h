// The one table of settings. The C++ struct, the segment's configuration block, the Python
// `ResponsivenessConfig`, the environment variables (`STIRBAR_` + upper case name), the API and
// docs/configuration.md are all made from it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stirbar {

enum class SettingType : uint8_t { kRatio, kSeconds, kCount, kSwitch };

// X(name, type, default, lowest, highest, meaning). The first six are the seed's, with its names
// and defaults. Order is part of the segment's layout: add at the end.
// clang-format off
#define STIRBAR_SETTINGS(X)                                                                        \
  X(memory_warning_threshold, kRatio, 0.8, 0.05, 1,                                                \
    "Share of the memory limit (container) or of the machine's memory from which health is "       \
    "'warning' and cleanup begins")                                                                \
  X(memory_critical_threshold, kRatio, 0.9, 0.05, 1,                                               \
    "Share of memory from which health is 'critical'")                                             \
  X(cpu_warning_threshold, kRatio, 0.8, 0.05, 1,                                                   \
    "Share of the CPUs that the app may use from which health is 'warning'")                       \
  X(cpu_critical_threshold, kRatio, 0.9, 0.05, 1,                                                  \
    "Share of the CPUs that, held for 5 minutes, makes health 'critical'")                         \
  X(monitoring_interval, kSeconds, 30, 1, 3600,                                                    \
    "How often the resource figures are logged and a cleanup is considered; the pages are fed "    \
    "every second whatever this says")                                                             \
  X(cleanup_enabled, kSwitch, 1, 0, 1,                                                             \
    "Whether cleanup runs by itself; off only recommends it")                                      \
  X(slow_request_threshold, kSeconds, 5, 0.01, 3600,                                               \
    "A request that takes longer counts as slow, and a worker that is in one as stuck")            \
  X(error_rate_warning_threshold, kRatio, 0.05, 0, 1,                                              \
    "Share of requests of the last minute answered with 5xx from which health is 'warning'")       \
  X(error_rate_critical_threshold, kRatio, 0.25, 0, 1,                                             \
    "Share of 5xx answers from which health is 'critical'")                                        \
  X(lock_wait_warning_threshold, kSeconds, 0.25, 0.02, 3600,                                       \
    "Wait for the interpreter lock from which health is 'warning'")                                \
  X(lock_wait_critical_threshold, kSeconds, 0.5, 0.02, 3600,                                       \
    "Wait for the interpreter lock from which a worker counts as hung")                            \
  X(heartbeat_warning_threshold, kSeconds, 1, 0.5, 3600,                                           \
    "Silence of a worker's native thread from which health is 'warning'")                          \
  X(heartbeat_critical_threshold, kSeconds, 3, 0.5, 3600,                                          \
    "Silence of a worker's native thread from which the worker counts as hung")                    \
  X(accept_queue_warning_threshold, kCount, 10, 1, 1000000,                                        \
    "Connections waiting in the kernel for a worker from which health is 'warning'")               \
  X(accept_queue_critical_threshold, kCount, 100, 1, 1000000,                                      \
    "Connections waiting in the kernel for a worker from which health is 'critical'")              \
  X(hang_limit, kSeconds, 60, 1, 86400,                                                            \
    "When every worker has been hung for so long, /health/live fails")
// clang-format on

enum class SettingId : uint8_t {
#define STIRBAR_SETTING_ID(name, type, initial, lowest, highest, meaning) name,
  STIRBAR_SETTINGS(STIRBAR_SETTING_ID)
#undef STIRBAR_SETTING_ID
};

struct SettingSpec {
  SettingId id;
  std::string_view name;
  SettingType type;
  double initial;
  double lowest;
  double highest;
  std::string_view meaning;
};

inline constexpr std::array kSettingSpecs{
#define STIRBAR_SETTING_SPEC(name, type, initial, lowest, highest, meaning) \
  SettingSpec{SettingId::name, #name, SettingType::type, initial, lowest, highest, meaning},
    STIRBAR_SETTINGS(STIRBAR_SETTING_SPEC)
#undef STIRBAR_SETTING_SPEC
};

inline constexpr size_t kSettingCount = kSettingSpecs.size();

// Where a value comes from. A later one in this list overrides an earlier one.
enum class SettingOrigin : uint8_t {
  kDefault = 0,
  kApplication = 1,
  kEnvironment = 2,
  kRuntime = 3
};

// One value for each setting, in the table's units (ratio 0..1, seconds, count, 0 or 1).
struct Settings {
#define STIRBAR_SETTING_FIELD(name, type, initial, lowest, highest, meaning) double name = initial;
  STIRBAR_SETTINGS(STIRBAR_SETTING_FIELD)
#undef STIRBAR_SETTING_FIELD

  double& operator[](SettingId id);
  double operator[](SettingId id) const;
};

// The row of `name`, or null.
const SettingSpec* FindSetting(std::string_view name);

// Reads `text` ("0.85", "30", "true", "off") as a value of `spec`. Failure: an error that names the
// field, the value and the allowed range.
Result<double> ParseSetting(const SettingSpec& spec, std::string_view text);

// Success, or an error that names the field, the value and the allowed range.
Result<double> CheckSetting(const SettingSpec& spec, double value);

// Checks what no single field can: each warning threshold must lie below its critical one. Returns
// the settings, or an error that names both fields and values.
Result<Settings> CheckSettings(const Settings& settings);

std::string_view Name(SettingType type);
std::string_view Name(SettingOrigin origin);

}  // namespace stirbar
