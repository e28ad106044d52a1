// What may stand in stirbar.toml. Held: it is refused with its place and a reason, or every value
// of [settings] is one that the table allows, and what holds together with the environment does not
// contradict itself.
//
// The input: the file.
#include <algorithm>
#include <cctype>
#include <string>

#include "fuzz/fuzz_input.h"
#include "supervisor/setting_layers.h"

namespace stirbar {
namespace {

constexpr std::string_view kPath = "stirbar.toml";

// "stirbar.toml:3:12: ..."
bool HasPlace(std::string_view error) {
  if (!error.starts_with(kPath)) return false;
  error.remove_prefix(kPath.size());
  for (int i = 0; i < 2; ++i) {
    if (!error.starts_with(':')) return false;
    error.remove_prefix(1);
    const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto end = std::find_if_not(error.begin(), error.end(), digit);
    if (end == error.begin()) return false;
    error.remove_prefix(static_cast<size_t>(end - error.begin()));
  }
  return error.starts_with(": ") && error.size() > 2;
}

void Read(std::string_view text) {
  const Result<ConfigFile> file = ParseConfigFile(std::string(kPath), text);
  if (!file) {
    Require(HasPlace(file.error()), "what is no such file is refused with its place");
    return;
  }
  const Result<SettingValues> values = SettingsFromFile(*file);
  if (!values) {
    Require(HasPlace(values.error()), "a setting is refused with its place");
    return;
  }
  for (const auto& [id, value] : *values) {
    Require(CheckSetting(kSettingSpecs[static_cast<size_t>(id)], value).ok(),
            "a value that is taken is allowed");
  }
  const Result<size_t> together = CheckStart(*file, *values, {});
  const ResolvedSettings resolved =
      Resolve({.application = {}, .file = *values, .environment = {}, .runtime = {}});
  Require(CheckSettings(resolved.values).ok(), "what holds is allowed");
  Require(together.ok() == resolved.ignored.empty(), "a contradiction is refused at the start");
  Require(together.ok() || HasPlace(together.error()), "and with its place");
}

}  // namespace
}  // namespace stirbar

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stirbar::Read({reinterpret_cast<const char*>(data), size});
  return 0;
}
