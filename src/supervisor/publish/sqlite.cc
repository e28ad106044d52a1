#include "supervisor/publish/sqlite.h"

#include <sqlite3.h>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr int kBusyMs = 2000;          // what another process's checkpoint may take
constexpr int kStepsPerLook = 10'000;  // of SQLite's machine, about 0.1 ms

int Length(std::string_view text) { return static_cast<int>(text.size()); }

constexpr uint64_t kWallPerCpu = 10;

uint64_t ThreadCpuNs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

bool SqliteFailure::IsDamage() const {
  const int primary = code & 0xFF;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_FORMAT;
}

// -------------------------------------------------------------------------------------- Statement

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  if (database.failed()) return;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database.handle(), sql.data(), Length(sql),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) database.Note(code, sql);
}

Statement& Statement::Bind(int index, int64_t value) {
  if (statement_) sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  if (statement_) {
    sqlite3_bind_text(statement_.get(), index, text.data() != nullptr ? text.data() : "",
                      Length(text), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view bytes) {
  if (statement_) {
    sqlite3_bind_blob(statement_.get(), index, bytes.data() != nullptr ? bytes.data() : "",
                      Length(bytes), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::BindNull(int index) {
  if (statement_) sqlite3_bind_null(statement_.get(), index);
  return *this;
}

bool Statement::Step() {
  if (!statement_ || database_->failed()) return false;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->Note(code, sqlite3_sql(statement_.get()));
  return false;
}

void Statement::Run() {
  Step();
  Reset();
}

void Statement::Reset() {
  if (statement_) sqlite3_reset(statement_.get());
}

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Statement::Text(int column) const {
  const auto* const text =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::Blob(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

// --------------------------------------------------------------------------------------- Database

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Database::Database(const std::string& path, Mode mode) {
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW |
      (mode == Mode::kCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    Note(code, "open " + path);
    return;
  }
  sqlite3_busy_timeout(handle, kBusyMs);
}

void Database::Run(const char* sql) {
  if (failed()) return;
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) Note(code, sql);
}

int64_t Database::Figure(const char* sql) {
  Statement statement(*this, sql);
  return statement.Step() ? statement.Integer(0) : 0;
}

void Database::LimitTime(uint64_t milliseconds) {
  deadline_ = {ThreadCpuNs() + milliseconds * 1'000'000,
               MonotonicNs() + milliseconds * kWallPerCpu * 1'000'000};
  const auto is_late = [](void* deadline) {
    const auto& limit = *static_cast<const Deadline*>(deadline);
    return ThreadCpuNs() > limit.cpu_ns || MonotonicNs() > limit.wall_ns ? 1 : 0;
  };
  sqlite3_progress_handler(handle_.get(), kStepsPerLook, milliseconds > 0 ? +is_late : nullptr,
                           &deadline_);
}

void Database::Note(int code, std::string_view what) {
  if (failed()) return;
  failure_.code = code;
  const std::string_view begin = what.substr(0, 60);
  failure_.message = std::string(begin) + (begin.size() < what.size() ? "...: " : ": ") +
                     (handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code));
}

}  // namespace stirbar
