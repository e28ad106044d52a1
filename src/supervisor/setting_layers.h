// Where the value of a setting comes from: what each origin says, and which of them holds.
//
//   default < application < file < environment < runtime
//
// The default is in the table (base/settings.h). The application's are kept in the segment by its
// workers; file and environment are read when the supervisor starts; those of run time are kept by
// the supervisor (setting_store.h). All of them are remembered while something stronger holds, so
// that a reset falls back to the right one.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/settings.h"
#include "supervisor/config_file.h"

namespace stirbar {

using SettingValues = std::map<SettingId, double>;  // checked

struct SettingLayers {
  SettingValues application;
  SettingValues file;
  SettingValues environment;
  SettingValues runtime;

  // What `origin` says of `id`; absent: nothing.
  std::optional<double> Said(SettingOrigin origin, SettingId id) const;
};

// What an origin says and what is not obeyed, because a warning threshold would exceed its critical
// one: each origin has been checked by itself, but not together with those that came later.
struct IgnoredSetting {
  SettingId id;
  SettingOrigin origin;
  double value;
  std::string reason;

  bool operator==(const IgnoredSetting&) const = default;
};

struct ResolvedSettings {
  Settings values;
  std::array<SettingOrigin, kSettingCount> origins{};
  std::vector<IgnoredSetting> ignored;

  SettingOrigin OriginOf(SettingId id) const { return origins[static_cast<size_t>(id)]; }
};

// The strongest value of each setting. Of a pair that contradicts itself the weaker origin's value
// is left out, so that what holds is always allowed.
ResolvedSettings Resolve(SettingLayers layers);

// The table [settings] of stirbar.toml. Failure: a name that is none, a value of a wrong type or
// out of range: with path, line, column, name, value and what is allowed.
Result<SettingValues> SettingsFromFile(const ConfigFile& file);

// File and environment together, as they will hold; success is the number of settings. Failure: a
// warning threshold exceeds its critical one, with its place where that is in the file.
Result<size_t> CheckStart(const ConfigFile& file, const SettingValues& from_file,
                          const SettingValues& from_environment);

}  // namespace stirbar
