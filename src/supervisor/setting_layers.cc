#include "supervisor/setting_layers.h"

#include "supervisor/setting_input.h"

namespace stirbar {
namespace {

SettingValues* LayerOf(SettingOrigin origin, SettingLayers* layers) {
  switch (origin) {
    case SettingOrigin::kDefault:
      return nullptr;
    case SettingOrigin::kApplication:
      return &layers->application;
    case SettingOrigin::kFile:
      return &layers->file;
    case SettingOrigin::kEnvironment:
      return &layers->environment;
    case SettingOrigin::kRuntime:
      return &layers->runtime;
  }
  return nullptr;
}

ResolvedSettings Merge(const SettingLayers& layers) {
  ResolvedSettings merged;
  for (const auto& [origin, layer] : {std::pair(SettingOrigin::kApplication, &layers.application),
                                      std::pair(SettingOrigin::kFile, &layers.file),
                                      std::pair(SettingOrigin::kEnvironment, &layers.environment),
                                      std::pair(SettingOrigin::kRuntime, &layers.runtime)}) {
    for (const auto& [id, value] : *layer) {
      merged.values[id] = value;
      merged.origins[static_cast<size_t>(id)] = origin;
    }
  }
  return merged;
}

// What to leave out so that the first contradiction goes; absent: there is none.
std::optional<IgnoredSetting> Contradiction(const ResolvedSettings& merged) {
  for (const SettingSpec& warning : kSettingSpecs) {
    const SettingSpec* const critical = CriticalOf(warning);
    if (critical == nullptr || merged.values[warning.id] <= merged.values[critical->id]) continue;
    const SettingOrigin of_warning = merged.OriginOf(warning.id);
    const SettingOrigin of_critical = merged.OriginOf(critical->id);
    const bool warning_goes = of_critical == SettingOrigin::kDefault ||
                              (of_warning != SettingOrigin::kDefault && of_warning <= of_critical);
    const SettingSpec& goes = warning_goes ? warning : *critical;
    const SettingSpec& stays = warning_goes ? *critical : warning;
    return IgnoredSetting{goes.id, merged.OriginOf(goes.id), merged.values[goes.id],
                          std::string(stays.name) + " is " +
                              SettingText(stays, merged.values[stays.id]) + " (" +
                              std::string(Name(merged.OriginOf(stays.id))) + ")"};
  }
  return std::nullopt;
}

SettingInput InputOf(const toml::node& node) {
  if (const auto* const value = node.as_boolean()) return value->get();
  if (const auto* const value = node.as_integer()) return static_cast<double>(value->get());
  if (const auto* const value = node.as_floating_point()) return value->get();
  if (const auto* const value = node.as_string()) return value->get();
  if (node.is_table()) return std::string("a table");
  if (node.is_array()) return std::string("an array");
  return std::string("a date or time");
}

}  // namespace

std::optional<double> SettingLayers::Said(SettingOrigin origin, SettingId id) const {
  const SettingValues* const layer = LayerOf(origin, const_cast<SettingLayers*>(this));
  if (layer == nullptr) return kSettingSpecs[static_cast<size_t>(id)].initial;
  const auto found = layer->find(id);
  return found != layer->end() ? std::optional(found->second) : std::nullopt;
}

ResolvedSettings Resolve(SettingLayers layers) {
  ResolvedSettings merged = Merge(layers);
  std::vector<IgnoredSetting> ignored;
  // Each turn leaves one value out; the defaults alone contradict nothing.
  while (std::optional<IgnoredSetting> one = Contradiction(merged)) {
    SettingValues* const layer = LayerOf(one->origin, &layers);
    if (layer == nullptr) break;
    layer->erase(one->id);
    ignored.push_back(std::move(*one));
    merged = Merge(layers);
  }
  merged.ignored = std::move(ignored);
  return merged;
}

Result<SettingValues> SettingsFromFile(const ConfigFile& file) {
  SettingValues values;
  const toml::node* const node = file.root.get("settings");
  if (node == nullptr) return values;
  const toml::table* const table = node->as_table();
  if (table == nullptr) return ConfigError(file, *node, "'settings' is not a table: [settings]");
  for (const auto& [key, value] : *table) {
    const CheckedSetting checked = CheckInput(key.str(), InputOf(value));
    if (checked.refusal) return ConfigError(file, value, checked.refusal->Text());
    values[checked.spec->id] = checked.value;
  }
  return values;
}

Result<size_t> CheckStart(const ConfigFile& file, const SettingValues& from_file,
                          const SettingValues& from_environment) {
  const ResolvedSettings merged =
      Merge({.application = {}, .file = from_file, .environment = from_environment, .runtime = {}});
  const Result<Settings> checked = CheckSettings(merged.values);
  if (checked) return from_file.size() + from_environment.size();
  const std::string name = checked.error().substr(0, checked.error().find(':'));
  const SettingSpec& warning = *FindSetting(name);
  for (const SettingSpec* const spec : {&warning, CriticalOf(warning)}) {
    if (merged.OriginOf(spec->id) != SettingOrigin::kFile) continue;
    return ConfigError(file, *file.root["settings"][spec->name].node(), checked.error());
  }
  return Error{checked.error()};
}

}  // namespace stirbar
