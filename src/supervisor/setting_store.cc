#include "supervisor/setting_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "segment/mapping.h"
#include "supervisor/state_folder.h"

namespace stirbar {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr off_t kLargestBytes = 1 << 20;

const SettingSpec& SpecOf(SettingId id) { return kSettingSpecs[static_cast<size_t>(id)]; }

json::value ValueOrNull(const SettingSpec& spec, const std::optional<double>& value) {
  if (!value) return nullptr;
  return json::value(SettingText(spec, *value));
}

json::object ToJson(const SettingChange& change) {
  const SettingSpec& spec = SpecOf(change.id);
  return {{"number", change.number},
          {"time_ns", change.wall_ns},
          {"actor", change.actor},
          {"kind", Name(change.kind)},
          {"reverts", change.reverts},
          {"setting", spec.name},
          {"runtime_before", ValueOrNull(spec, change.runtime_before)},
          {"runtime_after", ValueOrNull(spec, change.runtime_after)},
          {"before", SettingText(spec, change.before)},
          {"after", SettingText(spec, change.after)},
          {"origin_before", Name(change.origin_before)},
          {"origin_after", Name(change.origin_after)}};
}

std::string TextAt(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

uint64_t NumberAt(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->as_uint64();
  return value->is_int64() && value->as_int64() > 0 ? static_cast<uint64_t>(value->as_int64()) : 0;
}

SettingOrigin OriginAt(const json::object& object, std::string_view name) {
  const std::string text = TextAt(object, name);
  for (const SettingOrigin origin : {SettingOrigin::kApplication, SettingOrigin::kFile,
                                     SettingOrigin::kEnvironment, SettingOrigin::kRuntime}) {
    if (text == Name(origin)) return origin;
  }
  return SettingOrigin::kDefault;
}

SettingChangeKind KindAt(const json::object& object) {
  const std::string text = TextAt(object, "kind");
  if (text == Name(SettingChangeKind::kReset)) return SettingChangeKind::kReset;
  return text == Name(SettingChangeKind::kRevert) ? SettingChangeKind::kRevert
                                                  : SettingChangeKind::kSet;
}

std::optional<double> ValueAt(const json::object& object, std::string_view name,
                              const SettingSpec& spec) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const CheckedSetting checked = CheckInput(spec.name, std::string(value->as_string()));
  return checked.refusal ? std::nullopt : std::optional(checked.value);
}

std::optional<SettingChange> ChangeOf(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& object = value.as_object();
  const SettingSpec* const spec = FindSetting(TextAt(object, "setting"));
  if (spec == nullptr) return std::nullopt;  // of a version that had it
  SettingChange change;
  change.number = NumberAt(object, "number");
  change.wall_ns = NumberAt(object, "time_ns");
  change.actor = TextAt(object, "actor");
  change.kind = KindAt(object);
  change.reverts = NumberAt(object, "reverts");
  change.id = spec->id;
  change.runtime_before = ValueAt(object, "runtime_before", *spec);
  change.runtime_after = ValueAt(object, "runtime_after", *spec);
  change.before = ValueAt(object, "before", *spec).value_or(spec->initial);
  change.after = ValueAt(object, "after", *spec).value_or(spec->initial);
  change.origin_before = OriginAt(object, "origin_before");
  change.origin_after = OriginAt(object, "origin_after");
  return change;
}

void TakeRuntime(const json::object& runtime, StoredSettings* stored) {
  for (const auto& [name, value] : runtime) {
    const std::string text = value.is_string() ? std::string(value.as_string()) : "?";
    const CheckedSetting checked = CheckInput(name, text);
    if (checked.refusal) {
      stored->problems.push_back(checked.refusal->Text());
    } else {
      stored->runtime[checked.spec->id] = checked.value;
    }
  }
}

Result<StoredSettings> Parse(const std::string& text) {
  json::error_code code;
  const json::value value = json::parse(text, code);
  if (code || !value.is_object()) return Error{"it is no JSON object"};
  const json::object& root = value.as_object();
  StoredSettings stored;
  if (const json::value* const runtime = root.if_contains("runtime");
      runtime != nullptr && runtime->is_object()) {
    TakeRuntime(runtime->as_object(), &stored);
  }
  if (const json::value* const changes = root.if_contains("changes");
      changes != nullptr && changes->is_array()) {
    for (const json::value& one : changes->as_array()) {
      std::optional<SettingChange> change = ChangeOf(one);
      if (change) stored.changes.push_back(std::move(*change));
    }
  }
  stored.next_number = std::max<uint64_t>(1, NumberAt(root, "next_number"));
  for (const SettingChange& change : stored.changes) {
    stored.next_number = std::max(stored.next_number, change.number + 1);
  }
  return stored;
}

// Why a file may not be read; empty: it may.
std::string Distrust(const struct stat& info) {
  if (!S_ISREG(info.st_mode)) return "it is no file";
  if (info.st_uid != geteuid()) return "it belongs to another user";
  if ((info.st_mode & 022U) != 0) return "other users may write it";
  return info.st_size > kLargestBytes ? "it is larger than 1 MiB" : "";
}

Result<bool> WriteAll(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return ErrnoError("write " + path, written < 0 ? errno : ENOSPC);
    text.remove_prefix(static_cast<size_t>(written));
  }
  // Before it takes the old one's place: after a power failure there is one of them, and whole.
  if (fsync(file) != 0) return ErrnoError("write " + path, errno);
  return true;
}

}  // namespace

StoredSettings SettingStore::Load() const {
  struct stat info {};
  if (path_.empty() || lstat(path_.c_str(), &info) != 0) return {};
  std::string reason = Distrust(info);
  if (reason.empty()) {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    Result<StoredSettings> stored = Parse(text.str());
    if (stored) return std::move(*stored);
    reason = stored.error();
  }
  const std::string aside = path_ + ".refused";
  const bool moved = rename(path_.c_str(), aside.c_str()) == 0;
  StoredSettings nothing;
  nothing.problems.push_back(path_ + ": " + reason +
                             (moved ? "; put aside as " + aside : "; it is left as it is"));
  return nothing;
}

Result<bool> SettingStore::Save(const StoredSettings& settings) const {
  if (path_.empty()) return Error{"there is no folder to keep it in"};
  json::object runtime;
  for (const auto& [id, value] : settings.runtime) {
    runtime[SpecOf(id).name] = SettingText(SpecOf(id), value);
  }
  json::array changes;
  for (const SettingChange& change : settings.changes) changes.push_back(ToJson(change));
  const json::object root{{"version", 1},
                          {"next_number", settings.next_number},
                          {"runtime", std::move(runtime)},
                          {"changes", std::move(changes)}};
  const fs::path folder = fs::path(path_).parent_path();
  std::error_code code;
  if (!fs::exists(folder, code)) {
    fs::create_directories(folder.parent_path(), code);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return ErrnoError("mkdir " + folder.string(), errno);
    }
  }
  const std::string draft = path_ + "." + std::to_string(getpid());
  unlink(draft.c_str());
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return ErrnoError("create " + draft, errno);
  Result<bool> written = WriteAll(file, json::serialize(root) + "\n", draft);
  close(file);
  if (written && rename(draft.c_str(), path_.c_str()) != 0) {
    written = ErrnoError("rename " + draft, errno);
  }
  if (!written) unlink(draft.c_str());
  return written;
}

std::string SettingStorePath(const std::string& app_name) {
  return StateFolder() + "/settings-" + SafeName(app_name) + ".json";
}

}  // namespace stirbar
