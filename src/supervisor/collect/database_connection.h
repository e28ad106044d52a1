// A connection to a database server, as who asks it sees it: something that can be made by hand in
// tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/collect/database_account.h"

namespace stirbar {

// The answer of a statement.
struct DatabaseTable {
  using Row = std::vector<std::optional<std::string>>;  // a field; absent: NULL
  std::vector<std::string> columns;
  std::vector<Row> rows;  // each as long as `columns`
};

// Why a statement, or a connection, was not had.
struct DatabaseFault {
  unsigned code = 0;  // the server's or the client library's; 0: neither has said a word
  std::string text;   // for an operator: no password, no user, no part of a statement
};

// Threads: one uses it, which it may block for a few seconds; any other may call Abort().
class DatabaseConnection {
 public:
  virtual ~DatabaseConnection() = default;
  virtual std::string version() const = 0;
  // Runs one statement. Null: it failed, see fault().
  virtual std::optional<DatabaseTable> Query(const std::string& statement) = 0;
  // Of the newest Query() that failed.
  virtual const DatabaseFault& fault() const = 0;
  // Whether nothing more can be asked over it.
  virtual bool broken() const = 0;
  // Lets a Query() that waits for the server fail at once, and every later one.
  virtual void Abort() = 0;
};

// A connection, or null and why there is none. May block for a few seconds.
using DatabaseConnector = std::function<std::unique_ptr<DatabaseConnection>(
    const DatabaseAccount& account, DatabaseFault* fault)>;

}  // namespace stirbar
