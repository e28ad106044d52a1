#include "supervisor/cli/shed_levels.h"

#include <array>

namespace stirbar {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"nobody", "background", "sheddable", "normal"};
constexpr double kAuto = -1;
// What can be asked for again later goes, what somebody waits for stays.
constexpr double kOn = 2;

}  // namespace

std::string ShedLevelWord(std::optional<double> level) {
  for (size_t i = 0; i < kLevels.size(); ++i) {
    if (level && *level == static_cast<double>(i)) return std::string(kLevels[i]);
  }
  return "-";
}

std::string ShedSettingWord(double setting) {
  if (setting == kAuto) return "auto";
  return setting == 0 ? "off" : ShedLevelWord(setting);
}

Result<double> ParseShedLevel(std::string_view word) {
  if (word == "auto") return kAuto;
  if (word == "off") return 0.0;
  if (word == "on") return kOn;
  for (size_t i = 1; i < kLevels.size(); ++i) {
    if (word == kLevels[i]) return static_cast<double>(i);
  }
  return Error{"shed: '" + std::string(word) +
               "' is not allowed; it takes on, off, auto, background, sheddable or normal"};
}

}  // namespace stirbar
