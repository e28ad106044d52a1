// The settings of run time and what was changed, in a file: they outlive the supervisor, the app
// and the machine's next start.
//
//   STATE_FOLDER/settings-APP.json   0600
//   {"version": 1, "next_number": 8, "runtime": {"hang_limit": "20"}, "changes": [{...}, ...]}
//
// A file of its own, and not the history: what the operator has ordered must hold also where the
// history is off, full, or set aside because it was corrupt. One file for each name of an app: apps
// of one user that run at the same time need names of their own (--name).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "supervisor/setting_change.h"

namespace stirbar {

// The newest changes that are kept, and can be taken back.
inline constexpr size_t kSettingChanges = 200;

struct StoredSettings {
  SettingValues runtime{};
  std::vector<SettingChange> changes{};  // oldest first
  uint64_t next_number = 1;
  std::vector<std::string> problems{};  // what was left out, and why
};

// Threads: one. Time: milliseconds; a write waits for the disk.
class SettingStore {
 public:
  // Empty: nothing is kept.
  explicit SettingStore(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // What was stored; nothing when there is no file. A file that cannot be used (no JSON, of another
  // user, writable by others) is put aside as PATH.refused; a value that is not allowed any more is
  // left out. Both are told in `problems`.
  StoredSettings Load() const;

  // Replaces the file as a whole: who reads it, or dies meanwhile, has the old one or the new one.
  // Success: true. Failure: why it was not stored; the old one is still there.
  Result<bool> Save(const StoredSettings& settings) const;

 private:
  const std::string path_;
};

// The file of the app called `app_name`.
std::string SettingStorePath(const std::string& app_name);

}  // namespace stirbar
