#include "supervisor/evaluate/monitor_modes.h"

#include <string>
#include <utility>
#include <vector>

namespace stirbar {

void ApplyMonitorModes(const Settings& settings, Assessment* assessment) {
  const auto mode_of = [&settings](const Finding& finding) {
    const SettingSpec* const spec = FindSetting("monitor_" + finding.component);
    return spec != nullptr ? settings[spec->id] : kModeOn;
  };
  std::erase_if(assessment->pending,
                [&](const Finding& finding) { return mode_of(finding) == kModeOff; });
  std::vector<Finding> judged;
  for (Finding& finding : assessment->findings) {
    const double mode = mode_of(finding);
    if (mode == kModeOn) {
      judged.push_back(std::move(finding));
    } else if (mode == kModeObserve) {
      finding.message += " (only observed: monitor_" + finding.component + ")";
      assessment->pending.push_back(std::move(finding));
    }
  }
  assessment->findings = std::move(judged);
}

}  // namespace stirbar
