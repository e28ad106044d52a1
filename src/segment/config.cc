#include "segment/config.h"

#include <bit>

namespace stirbar {

SegmentSettings ReadSettings(const Segment& segment) {
  SegmentSettings settings;
  for (const SettingSpec& spec : kSettingSpecs) {
    const auto index = static_cast<size_t>(spec.id);
    const auto value =
        std::bit_cast<double>(segment.config.value[index].load(std::memory_order_relaxed));
    settings.values[spec.id] = CheckSetting(spec, value).ok() ? value : spec.initial;
    const uint32_t origin = segment.config.origin[index].load(std::memory_order_relaxed);
    settings.origins[index] = origin <= static_cast<uint32_t>(SettingOrigin::kRuntime)
                                  ? static_cast<SettingOrigin>(origin)
                                  : SettingOrigin::kDefault;
  }
  return settings;
}

void PutSetting(Segment& segment, const SettingSpec& spec, double value, SettingOrigin origin) {
  const auto index = static_cast<size_t>(spec.id);
  segment.config.value[index].store(std::bit_cast<uint64_t>(value), std::memory_order_relaxed);
  segment.config.origin[index].store(static_cast<uint32_t>(origin), std::memory_order_relaxed);
  segment.config.generation.fetch_add(1, std::memory_order_release);
}

bool WriteSetting(Segment& segment, const SettingSpec& spec, double value, SettingOrigin origin) {
  const auto index = static_cast<size_t>(spec.id);
  const auto mine = static_cast<uint32_t>(origin);
  if (segment.config.origin[index].load(std::memory_order_relaxed) > mine) return false;
  PutSetting(segment, spec, value, origin);
  return true;
}

void WriteApplicationSetting(Segment& segment, const SettingSpec& spec, double value) {
  segment.config.application[static_cast<size_t>(spec.id)].store(~std::bit_cast<uint64_t>(value),
                                                                 std::memory_order_relaxed);
  WriteSetting(segment, spec, value, SettingOrigin::kApplication);
}

std::map<SettingId, double> ReadApplicationSettings(const Segment& segment) {
  std::map<SettingId, double> found;
  for (const SettingSpec& spec : kSettingSpecs) {
    const uint64_t bits =
        segment.config.application[static_cast<size_t>(spec.id)].load(std::memory_order_relaxed);
    if (bits == 0) continue;
    const auto value = std::bit_cast<double>(~bits);
    if (CheckSetting(spec, value).ok()) found[spec.id] = value;
  }
  return found;
}

}  // namespace stirbar
