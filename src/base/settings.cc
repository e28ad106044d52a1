#include "base/settings.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace stirbar {
namespace {

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

Error OutOfRange(const SettingSpec& spec, std::string_view value) {
  std::string allowed;
  switch (spec.type) {
    case SettingType::kSwitch:
      allowed = "true or false";
      break;
    case SettingType::kMode:
      allowed = "off, observe or on";
      break;
    case SettingType::kRatio:
      allowed = "a ratio from " + Number(spec.lowest) + " to " + Number(spec.highest);
      break;
    case SettingType::kSeconds:
      allowed = Number(spec.lowest) + " to " + Number(spec.highest) + " seconds";
      break;
    case SettingType::kCount:
      allowed = "a whole number from " + Number(spec.lowest) + " to " + Number(spec.highest);
      break;
  }
  return Error{std::string(spec.name) + ": '" + std::string(value) + "' is not allowed; it takes " +
               allowed};
}

bool IsTrue(std::string_view text) {
  return text == "1" || text == "true" || text == "True" || text == "on" || text == "yes";
}

bool IsFalse(std::string_view text) {
  return text == "0" || text == "false" || text == "False" || text == "off" || text == "no";
}

}  // namespace

double& Settings::operator[](SettingId id) {
  switch (id) {
#define STIRBAR_SETTING_CASE(name, type, initial, lowest, highest, meaning) \
  case SettingId::name:                                                     \
    return name;
    STIRBAR_SETTINGS(STIRBAR_SETTING_CASE)
#undef STIRBAR_SETTING_CASE
  }
  __builtin_unreachable();
}

double Settings::operator[](SettingId id) const { return const_cast<Settings&>(*this)[id]; }

const SettingSpec* FindSetting(std::string_view name) {
  for (const SettingSpec& spec : kSettingSpecs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

Result<double> CheckSetting(const SettingSpec& spec, double value) {
  const bool whole = spec.type == SettingType::kCount || spec.type == SettingType::kSwitch ||
                     spec.type == SettingType::kMode;
  const bool inside = value >= spec.lowest && value <= spec.highest;
  if (!std::isfinite(value) || !inside || (whole && value != std::floor(value))) {
    return OutOfRange(spec, Number(value));
  }
  return value;
}

Result<double> ParseSetting(const SettingSpec& spec, std::string_view text) {
  if (spec.type == SettingType::kSwitch) {
    if (IsTrue(text)) return 1.0;
    if (IsFalse(text)) return 0.0;
    return OutOfRange(spec, text);
  }
  if (spec.type == SettingType::kMode) {
    if (text == "observe" || text == "1") return kModeObserve;
    if (text == "2" || (IsTrue(text) && text != "1")) return kModeOn;
    if (IsFalse(text)) return kModeOff;
    return OutOfRange(spec, text);
  }
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return OutOfRange(spec, text);
  const Result<double> checked = CheckSetting(spec, value);
  if (!checked) return OutOfRange(spec, text);
  return checked;
}

Result<Settings> CheckSettings(const Settings& settings) {
  for (const SettingSpec& spec : kSettingSpecs) {
    constexpr std::string_view kWarning = "_warning_threshold";
    if (!spec.name.ends_with(kWarning)) continue;
    std::string critical(spec.name.substr(0, spec.name.size() - kWarning.size()));
    critical += "_critical_threshold";
    const SettingSpec* other = FindSetting(critical);
    if (other == nullptr || settings[spec.id] <= settings[other->id]) continue;
    return Error{std::string(spec.name) + ": '" + Number(settings[spec.id]) +
                 "' is not allowed; it must not exceed " + critical + " (" +
                 Number(settings[other->id]) + ")"};
  }
  return settings;
}

std::string_view Name(SettingType type) {
  switch (type) {
    case SettingType::kRatio:
      return "ratio";
    case SettingType::kSeconds:
      return "seconds";
    case SettingType::kCount:
      return "count";
    case SettingType::kSwitch:
      return "switch";
    case SettingType::kMode:
      return "mode";
  }
  __builtin_unreachable();
}

std::string_view Name(SettingOrigin origin) {
  switch (origin) {
    case SettingOrigin::kDefault:
      return "default";
    case SettingOrigin::kApplication:
      return "application";
    case SettingOrigin::kEnvironment:
      return "environment";
    case SettingOrigin::kRuntime:
      return "runtime";
  }
  __builtin_unreachable();
}

}  // namespace stirbar
