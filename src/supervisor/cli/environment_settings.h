// Settings from the environment: STIRBAR_ + the setting's name in upper case.
#pragma once

#include <map>

#include "base/result.h"
#include "base/settings.h"

namespace stirbar {

// The settings that the environment names. Failure: one is not allowed; names the variable's field,
// its value and what is allowed.
Result<std::map<SettingId, double>> SettingsFromEnvironment();

}  // namespace stirbar
