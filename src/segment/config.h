// Settings in the segment: what holds for all workers and the supervisor.
#pragma once

#include <array>

#include "base/settings.h"
#include "segment/layout.h"

namespace stirbar {

struct SegmentSettings {
  Settings values;
  std::array<SettingOrigin, kSettingCount> origins{};
};

// The settings that hold. A value that is out of range, which only a damaged segment can contain,
// reads as the default. Time: never waits.
SegmentSettings ReadSettings(const Segment& segment);

// Sets one value when its present origin is not stronger than `origin`. False: it is. Precondition:
// `value` has passed CheckSetting. Threads and processes: any; the last one wins.
bool WriteSetting(Segment& segment, const SettingSpec& spec, double value, SettingOrigin origin);

}  // namespace stirbar
