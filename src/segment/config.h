// Settings in the segment: what holds for all workers and the supervisor.
#pragma once

#include <array>
#include <map>

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

// What the application says of `spec`: remembered, and set where nothing stronger is. For workers.
void WriteApplicationSetting(Segment& segment, const SettingSpec& spec, double value);

// What the application has said; what a damaged segment holds out of range is left out.
std::map<SettingId, double> ReadApplicationSettings(const Segment& segment);

// Sets one value whatever was there. For the supervisor, which knows what all origins say.
void PutSetting(Segment& segment, const SettingSpec& spec, double value, SettingOrigin origin);

}  // namespace stirbar
