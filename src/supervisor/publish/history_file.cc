#include "supervisor/publish/history_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>

namespace stirbar {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSchema = R"(
BEGIN;
CREATE TABLE layout (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE figures_1 (time INTEGER PRIMARY KEY, layout INTEGER NOT NULL,
    seconds INTEGER NOT NULL, metrics BLOB NOT NULL, histograms BLOB NOT NULL);
CREATE TABLE figures_10 (time INTEGER PRIMARY KEY, layout INTEGER NOT NULL,
    seconds INTEGER NOT NULL, metrics BLOB NOT NULL, histograms BLOB NOT NULL);
CREATE TABLE figures_60 (time INTEGER PRIMARY KEY, layout INTEGER NOT NULL,
    seconds INTEGER NOT NULL, metrics BLOB NOT NULL, histograms BLOB NOT NULL);
CREATE TABLE figures_600 (time INTEGER PRIMARY KEY, layout INTEGER NOT NULL,
    seconds INTEGER NOT NULL, metrics BLOB NOT NULL, histograms BLOB NOT NULL);
CREATE TABLE routes (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE);
CREATE TABLE routes_60 (route INTEGER NOT NULL, time INTEGER NOT NULL, requests INTEGER NOT NULL,
    errors INTEGER NOT NULL, nanoseconds INTEGER NOT NULL, histogram BLOB NOT NULL,
    PRIMARY KEY (route, time)) WITHOUT ROWID;
CREATE TABLE routes_600 (route INTEGER NOT NULL, time INTEGER NOT NULL, requests INTEGER NOT NULL,
    errors INTEGER NOT NULL, nanoseconds INTEGER NOT NULL, histogram BLOB NOT NULL,
    PRIMARY KEY (route, time)) WITHOUT ROWID;
CREATE TABLE routes_3600 (route INTEGER NOT NULL, time INTEGER NOT NULL, requests INTEGER NOT NULL,
    errors INTEGER NOT NULL, nanoseconds INTEGER NOT NULL, histogram BLOB NOT NULL,
    PRIMARY KEY (route, time)) WITHOUT ROWID;
CREATE TABLE records (number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,
    kind INTEGER NOT NULL, severity INTEGER NOT NULL, name TEXT NOT NULL, actor TEXT NOT NULL,
    text TEXT NOT NULL, details TEXT NOT NULL, source TEXT UNIQUE);
CREATE INDEX records_by_time ON records (time);
PRAGMA application_id = 1400136306;
PRAGMA user_version = 1;
COMMIT;
)";
static_assert(kHistoryApplication == 1400136306 && kHistoryVersion == 1);

bool Exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

std::string Stamp(uint64_t wall_ns) {
  const auto seconds = static_cast<time_t>(wall_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

// The folders that are missing, for this user alone.
Result<bool> MakeFolder(const fs::path& folder) {
  if (folder.empty() || Exists(folder.string())) return true;
  if (const Result<bool> parent = MakeFolder(folder.parent_path()); !parent) return parent;
  if (mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return true;
  return ErrnoError("make the folder " + folder.string(), errno);
}

// SQLite would make it readable for others; its log and index get the file's own mode.
Result<bool> MakeFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return ErrnoError("open " + path, errno);
  close(file);
  return true;
}

// A writer that ended in good order has removed its log.
bool WasKilled(const std::string& path) {
  struct stat info {};
  return stat((path + "-wal").c_str(), &info) == 0 && info.st_size > 0;
}

enum class Content { kEmpty, kOurs, kNewer, kForeign };

Content ContentOf(Database& database) {
  const int64_t application = database.Figure("PRAGMA application_id");
  const int64_t version = database.Figure("PRAGMA user_version");
  if (application == kHistoryApplication) {
    return version > kHistoryVersion ? Content::kNewer : Content::kOurs;
  }
  const bool is_empty = database.Figure("SELECT count(*) FROM sqlite_master") == 0;
  return application == 0 && version == 0 && is_empty ? Content::kEmpty : Content::kForeign;
}

// What is wrong with the file that `database` has open: a word for its name, and why. Empty:
// nothing.
std::pair<std::string, std::string> Defect(Database& database, bool check) {
  const Content content = ContentOf(database);
  if (database.failure().IsDamage()) return {"corrupt", database.failure().message};
  if (database.failed()) return {};
  if (content == Content::kForeign) return {"corrupt", "it is the database of another program"};
  if (content == Content::kNewer) {
    return {"newer", "a newer Stirbar has made it (version " +
                         std::to_string(database.Figure("PRAGMA user_version")) +
                         "; this one knows " + std::to_string(kHistoryVersion) + ")"};
  }
  if (!check || content == Content::kEmpty) return {};
  std::string said;
  {
    Statement statement(database, "PRAGMA quick_check(1)");
    if (statement.Step()) said = std::string(statement.Text(0));
  }
  if (database.failure().IsDamage()) return {"corrupt", database.failure().message};
  return said.empty() || said == "ok" ? std::pair<std::string, std::string>{}
                                      : std::pair<std::string, std::string>{"corrupt", said};
}

// `auto_vacuum` must be set before the first table, so that a file can become smaller again.
void Prepare(Database& database) {
  const bool is_new = ContentOf(database) == Content::kEmpty;
  if (is_new) database.Run("PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL;");
  database.Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  // 0.5 MB of pages serve the few that a batch touches; a log beyond 4 MB is cut after a
  // checkpoint.
  database.Run("PRAGMA cache_size=-512; PRAGMA journal_size_limit=4194304;");
  if (is_new) database.Run(kSchema);
}

}  // namespace

Result<OpenedHistory> OpenHistory(const std::string& path, uint64_t wall_ns) {
  OpenedHistory opened;
  for (;;) {
    if (const auto made = MakeFolder(fs::path(path).parent_path()); !made) {
      return Error{made.error()};
    }
    if (const auto made = MakeFile(path); !made) return Error{made.error()};
    const bool check = WasKilled(path);
    auto database = std::make_unique<Database>(path, Database::Mode::kCreate);
    const auto [word, reason] = Defect(*database, check);
    if (word.empty()) {
      Prepare(*database);
      if (database->failed()) return Error{path + ": " + database->failure().message};
      opened.database = std::move(database);
      return opened;
    }
    database.reset();
    if (!opened.set_aside.empty()) return Error{path + ": " + reason + "; so is the new file"};
    const Result<std::string> aside = SetAside(path, word, wall_ns);
    if (!aside) return Error{path + ": " + reason + "; " + aside.error()};
    opened.set_aside = "the history was set aside as " + *aside + ": " + reason;
  }
}

Result<std::string> SetAside(const std::string& path, const std::string& why, uint64_t wall_ns) {
  const std::string wanted = path + "." + why + "-" + Stamp(wall_ns);
  std::string aside = wanted;
  for (int number = 2; Exists(aside); ++number) aside = wanted + "-" + std::to_string(number);
  // The log goes first: the new file must never meet the old one's.
  for (const char* const part : {"-wal", "-shm", ""}) {
    if (!Exists(path + part)) continue;
    if (rename((path + part).c_str(), (aside + part).c_str()) != 0) {
      return ErrnoError("rename " + path + part, errno);
    }
  }
  return aside;
}

Result<std::unique_ptr<Database>> OpenHistoryToRead(const std::string& path) {
  if (!Exists(path)) return Error{path + ": there is no history yet"};
  auto database = std::make_unique<Database>(path, Database::Mode::kReadOnly);
  const Content content = ContentOf(*database);
  if (database->failed()) return Error{path + ": " + database->failure().message};
  if (content == Content::kEmpty) return Error{path + ": there is no history yet"};
  if (content == Content::kForeign) return Error{path + ": it is no history of Stirbar"};
  if (content == Content::kNewer) {
    return Error{path + ": a newer Stirbar has made it; this one cannot read it"};
  }
  return database;
}

Result<int> LockHistory(const std::string& path) {
  if (const auto made = MakeFolder(fs::path(path).parent_path()); !made) return Error{made.error()};
  const std::string lock = path + ".lock";
  const int file = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return ErrnoError("open " + lock, errno);
  if (flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  const int code = errno;
  close(file);
  if (code == EWOULDBLOCK) return -1;
  return ErrnoError("lock " + lock, code);
}

}  // namespace stirbar
