// SQLite's C interface as two values that clean up after themselves.
//
// A failure sticks to its Database until ClearFailure(): whoever runs the twenty statements of a
// transaction asks once, at the end, and a statement after a failure does nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace stirbar {

struct SqliteFailure {
  int code = 0;         // SQLite's extended result code; 0: none
  std::string message;  // "insert into figures_1: database or disk is full"

  // The file is no database, or is damaged: it will not get better by trying again.
  bool IsDamage() const;
};

class Database;

// A prepared statement. Must not outlive its Database.
class Statement {
 public:
  Statement() = default;
  Statement(Database& database, std::string_view sql);

  // `index` counts from 1, as in SQL. The texts and blobs must live until the next Reset().
  Statement& Bind(int index, int64_t value);
  Statement& Bind(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view bytes);
  Statement& BindNull(int index);

  // Goes to the next row; false: there is none, or it failed. Time: reads and writes files.
  bool Step();
  // Step() for a statement without rows, and Reset().
  void Run();
  // Ready to be run again; also ends the read of one that still had rows.
  void Reset();

  // Of the row; columns count from 0. Views are valid until the next Step() or Reset().
  int64_t Integer(int column) const;
  bool IsNull(int column) const;
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Threads: one at a time. Owns: the connection. Not to be moved: statements know where it is.
class Database {
 public:
  enum class Mode { kCreate, kReadOnly };

  // Opens `path`; SQLite looks into the file with the first statement only, so that what is no
  // database fails there. Failure: see failure().
  Database(const std::string& path, Mode mode);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements that have no parameters.
  void Run(const char* sql);
  // The single figure that `sql` asks for; 0 where there is none.
  int64_t Figure(const char* sql);

  const SqliteFailure& failure() const { return failure_; }
  bool failed() const { return failure_.code != 0; }
  void ClearFailure() { failure_ = {}; }
  // Puts a failure back that had to be cleared to clean up after it.
  void Restore(SqliteFailure failure) { failure_ = std::move(failure); }

  // Ends statements that have taken more CPU time from now on, or ten times as long by the clock,
  // with SQLITE_INTERRUPT; 0: never. Of CPU, because on a machine that is short of it nothing would
  // be quicker for being asked again.
  void LimitTime(uint64_t milliseconds);

  sqlite3* handle() { return handle_.get(); }

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  void Note(int code, std::string_view what);

  std::unique_ptr<sqlite3, Close> handle_;
  SqliteFailure failure_;
  struct Deadline {
    uint64_t cpu_ns = 0;
    uint64_t wall_ns = 0;
  };
  Deadline deadline_;
};

}  // namespace stirbar
