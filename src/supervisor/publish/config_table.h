// One table of a list in stirbar.toml ([[sinks]], [[exports]]), read key by key.
//
// Every getter checks, and the first fault stays: who reads a table asks once, at the end. What may
// be secret (a URL, the first line of a file) is in no message.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "supervisor/config_file.h"

namespace stirbar {

// "a, b, c".
std::string JoinedWords(const std::vector<std::string_view>& words);

// No control character, and at most 2,000 bytes.
bool IsOneLine(std::string_view text);

// What is wrong with `url` as one of HTTP; empty: nothing. Never shows it.
std::string DefectOfUrl(std::string_view url);

// Scheme, host and port of a URL: what may be shown of it.
std::string OriginOf(const std::string& url);

// The first line of a file that nobody else should be able to read. Failure: it is not there, is
// readable by everybody, or empty.
Result<std::string> ReadSecretFile(const std::string& path);

// Borrows both, which must live longer.
class ConfigTable {
 public:
  // `list`: what errors begin with, "sinks".
  ConfigTable(std::string list, const ConfigFile& file, const toml::table& table)
      : list_(std::move(list)), file_(file), table_(table) {}

  void Fail(std::string_view key, const std::string& what);
  bool Has(std::string_view key) const { return table_.contains(key); }
  const std::optional<Error>& error() const { return error_; }

  // A text of one line; empty where there is none.
  std::string Text(std::string_view key);
  std::string Needed(std::string_view key);
  std::vector<std::string> Texts(std::string_view key);
  // {"name" = "text"}, in the order of the names.
  std::vector<std::pair<std::string, std::string>> Pairs(std::string_view key);
  std::chrono::milliseconds Duration(std::string_view key, double lowest, double highest,
                                     std::chrono::milliseconds initial);
  bool Switch(std::string_view key, bool initial);
  // A whole number out of `allowed`.
  int64_t OneOfNumbers(std::string_view key, const std::vector<int64_t>& allowed, int64_t initial);
  // The secret in the file that `key` names; relative to the configuration's own folder.
  std::string Secret(std::string_view key);
  // The URL that `url`, or the file that `url_file`, gives: exactly one of them.
  std::string Url();
  // `owner`: "a sink of kind log".
  void CheckKeys(const std::vector<std::string_view>& known, const std::string& owner);

  // The index in `names` of the word that `key` has.
  template <size_t count>
  size_t OneOf(std::string_view key, const std::array<std::string_view, count>& names,
               size_t initial) {
    if (!table_.contains(key)) return initial;
    const std::string text = Text(key);
    const auto* const found = std::find(names.begin(), names.end(), text);
    if (found != names.end()) return static_cast<size_t>(found - names.begin());
    Fail(key,
         "'" + text + "' is not allowed; it takes " + JoinedWords({names.begin(), names.end()}));
    return initial;
  }

 private:
  const std::string list_;
  const ConfigFile& file_;
  const toml::table& table_;
  std::optional<Error> error_;
};

}  // namespace stirbar
