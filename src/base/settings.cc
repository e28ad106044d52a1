#include "base/settings.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace stirbar {
namespace {

// Those that are not obeyed at once: what a request in flight has been given stays as it was.
// scripts/configuration_doc.py reads this table, too.
constexpr std::pair<SettingId, SettingEffect> kEffects[] = {
    {SettingId::admission, SettingEffect::kNextRequest},
    {SettingId::request_deadline, SettingEffect::kNextRequest},
    {SettingId::concurrency_limit, SettingEffect::kNextRequest},
    {SettingId::shed_level, SettingEffect::kNextRequest},
    {SettingId::stuck_request_limit, SettingEffect::kNextRequest},
    {SettingId::long_lived_limit, SettingEffect::kNextRequest},
    {SettingId::client_address_bits, SettingEffect::kNextRequest},
    {SettingId::connection_pool, SettingEffect::kEngineMade},
};

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

Error OutOfRange(const SettingSpec& spec, std::string_view value) {
  return Error{
      SettingRefusal{std::string(spec.name), std::string(value), AllowedValues(spec)}.Text()};
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

SettingEffect EffectOf(const SettingSpec& spec) {
  for (const auto& [id, effect] : kEffects) {
    if (id == spec.id) return effect;
  }
  return SettingEffect::kAtOnce;
}

const SettingSpec* CriticalOf(const SettingSpec& warning) {
  constexpr std::string_view kWarning = "_warning_threshold";
  if (!warning.name.ends_with(kWarning)) return nullptr;
  std::string critical(warning.name.substr(0, warning.name.size() - kWarning.size()));
  return FindSetting(critical + "_critical_threshold");
}

std::string AllowedValues(const SettingSpec& spec) {
  const std::string range = Number(spec.lowest) + " to " + Number(spec.highest);
  switch (spec.type) {
    case SettingType::kSwitch:
      return "true or false";
    case SettingType::kMode:
      return "off, observe or on";
    case SettingType::kRatio:
      return "a ratio from " + range;
    case SettingType::kSeconds:
      return range + " seconds";
    case SettingType::kCount:
      return "a whole number from " + range;
  }
  __builtin_unreachable();
}

std::string SettingText(const SettingSpec& spec, double value) {
  if (spec.type == SettingType::kSwitch) return value != 0 ? "on" : "off";
  if (spec.type == SettingType::kMode) {
    if (value == kModeOff) return "off";
    return value == kModeObserve ? "observe" : "on";
  }
  return Number(value);
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
    const SettingSpec* const critical = CriticalOf(spec);
    if (critical == nullptr || settings[spec.id] <= settings[critical->id]) continue;
    const SettingRefusal refusal{
        std::string(spec.name), Number(settings[spec.id]),
        "at most " + std::string(critical->name) + " (" + Number(settings[critical->id]) + ")"};
    return Error{refusal.Text()};
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
    case SettingOrigin::kFile:
      return "file";
    case SettingOrigin::kEnvironment:
      return "environment";
    case SettingOrigin::kRuntime:
      return "runtime";
  }
  __builtin_unreachable();
}

std::string_view Name(SettingEffect effect) {
  switch (effect) {
    case SettingEffect::kAtOnce:
      return "at once";
    case SettingEffect::kNextRequest:
      return "at the next request";
    case SettingEffect::kEngineMade:
      return "when an engine is made";
  }
  __builtin_unreachable();
}

}  // namespace stirbar
