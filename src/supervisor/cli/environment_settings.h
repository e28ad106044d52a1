// Settings from the environment: STIRBAR_ + the setting's name in upper case.
#pragma once

#include <map>

#include "base/result.h"
#include "base/settings.h"

namespace stirbar {

// The settings that the environment names. Failure: one is not allowed; names the variable's field,
// its value and what is allowed. Whether they go together says CheckStart (setting_layers.h): the
// file has its say in it.
Result<std::map<SettingId, double>> SettingsFromEnvironment();

}  // namespace stirbar
