#include "supervisor/cli/environment_settings.h"

#include <cctype>
#include <cstdlib>

namespace stirbar {
namespace {

std::string VariableOf(const SettingSpec& spec) {
  std::string name = "STIRBAR_";
  for (const char letter : spec.name) {
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return name;
}

}  // namespace

Result<std::map<SettingId, double>> SettingsFromEnvironment() {
  std::map<SettingId, double> values;
  for (const SettingSpec& spec : kSettingSpecs) {
    const char* const text = std::getenv(VariableOf(spec).c_str());
    if (text == nullptr) continue;
    const Result<double> value = ParseSetting(spec, text);
    if (!value) return Error{VariableOf(spec) + ": " + value.error()};
    values[spec.id] = *value;
  }
  return values;
}

}  // namespace stirbar
