// A value as it comes from outside: typed by a person, or of JSON or TOML.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/settings.h"

namespace stirbar {

using SettingInput = std::variant<bool, double, std::string>;

struct CheckedSetting {
  const SettingSpec* spec = nullptr;  // null: there is no such setting
  double value = 0;
  std::optional<SettingRefusal> refusal{};
};

// Reads `input` as a value of the setting `name`. A text is read as a person types it ("0.85",
// "on", "observe"); true and false are for switches and modes.
CheckedSetting CheckInput(std::string_view name, const SettingInput& input);

// `input` as it was given, cut where it is long: for refusals.
std::string InputText(const SettingInput& input);

// The name among the settings that `name` is most likely meant to be; empty: none comes near.
std::string_view NearestSetting(std::string_view name);

}  // namespace stirbar
