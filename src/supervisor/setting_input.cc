#include "supervisor/setting_input.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace stirbar {
namespace {

constexpr size_t kShown = 60;
constexpr size_t kLongestName = 64;

// Levenshtein's: how many letters have to be added, taken away or changed.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

SettingRefusal UnknownSetting(std::string_view name, const SettingInput& input) {
  const std::string_view near = NearestSetting(name);
  const std::string hint = near.empty() ? "" : "; did you mean " + std::string(near) + "?";
  return {std::string(name.substr(0, kShown)), InputText(input),
          "no value: there is no such setting" + hint};
}

}  // namespace

std::string InputText(const SettingInput& input) {
  if (const bool* const truth = std::get_if<bool>(&input)) return *truth ? "true" : "false";
  if (const double* const number = std::get_if<double>(&input)) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", *number);
    return text;
  }
  return std::get<std::string>(input).substr(0, kShown);
}

std::string_view NearestSetting(std::string_view name) {
  std::string_view nearest;
  size_t least = 4;  // more letters apart is another word
  for (const SettingSpec& spec : kSettingSpecs) {
    const size_t distance = Distance(name.substr(0, kLongestName), spec.name);
    if (distance >= least) continue;
    least = distance;
    nearest = spec.name;
  }
  return nearest;
}

CheckedSetting CheckInput(std::string_view name, const SettingInput& input) {
  CheckedSetting checked{FindSetting(name)};
  if (checked.spec == nullptr) {
    checked.refusal = UnknownSetting(name, input);
    return checked;
  }
  const SettingSpec& spec = *checked.spec;
  const bool has_words = spec.type == SettingType::kSwitch || spec.type == SettingType::kMode;
  Result<double> value = Error{};
  if (const bool* const truth = std::get_if<bool>(&input)) {
    if (has_words) value = ParseSetting(spec, *truth ? "true" : "false");
  } else if (const double* const number = std::get_if<double>(&input)) {
    value = CheckSetting(spec, *number);
  } else {
    value = ParseSetting(spec, std::get<std::string>(input));
  }
  if (value) {
    checked.value = *value;
  } else {
    checked.refusal = SettingRefusal{std::string(spec.name), InputText(input), AllowedValues(spec)};
  }
  return checked;
}

}  // namespace stirbar
