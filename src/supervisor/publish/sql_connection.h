// A connection to a database server, as an export needs it. Who puts the supervisor together brings
// it along (export_connection.h): its library is one of the stage that collects.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "supervisor/publish/history_export.h"

namespace stirbar {

// Why a statement, or a connection, was not had.
struct SqlFault {
  unsigned code = 0;  // the server's or the client library's; 0: neither has said a word
  std::string text;   // for an operator: no password, no part of a statement
};

// Threads: one uses it, which it may block for a few seconds; any other may call Abort().
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  // Runs one statement, whose answer is of no interest. Empty: it is done.
  virtual std::optional<SqlFault> Run(const std::string& statement) = 0;
  // Lets a Run() that waits for the server fail at once, and every later one.
  virtual void Abort() = 0;
};

// A connection, or null and why there is none. May block for a few seconds.
using SqlConnector =
    std::function<std::unique_ptr<SqlConnection>(const ExportOptions& options, SqlFault* fault)>;

}  // namespace stirbar
