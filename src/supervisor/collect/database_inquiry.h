// What a MySQL or MariaDB server is asked in one round, and what it says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/collect/database_connection.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// The answers of one round.
struct DatabaseRound {
  uint64_t asked_ns = 0;  // monotonic: when the counters were read
  double answer_seconds = 0;
  std::string version;
  std::map<std::string, std::string> status;     // SHOW GLOBAL STATUS; names in lower case
  std::map<std::string, std::string> variables;  // SHOW GLOBAL VARIABLES; names in lower case
  std::vector<DatabaseServerSample::Statement> long_running;
  std::optional<bool> is_replica;  // absent: the account may not ask
  double replica_lag_seconds = kNotMeasured;
  uint64_t own_statements = 0;  // that Stirbar has sent when the counters were read
};

// Asks one server, again and again. About four statements a round, each of which the server
// answers from memory.
//
// Threads: one. Time: as DatabaseConnection::Query. Failure: figures that the account may not see
// are left out; a round without status and variables is none.
class DatabaseInquiry {
 public:
  // The next round goes over another connection: what the last one refused may now be allowed.
  void Reconnected() { replica_ = Replica::kModern; }

  // Null: see connection->fault(). Statements that run for `long_running_seconds` and longer are in
  // the round, without their literals.
  std::optional<DatabaseRound> Ask(DatabaseConnection* connection, double long_running_seconds);

 private:
  // Which words the server knows for it.
  enum class Replica { kModern, kOld, kDenied };

  std::optional<DatabaseTable> Query(DatabaseConnection* connection, const std::string& statement);
  bool AskReplica(DatabaseConnection* connection, DatabaseRound* round);
  bool AskStatements(DatabaseConnection* connection, double seconds, DatabaseRound* round);

  uint64_t own_statements_ = 0;
  Replica replica_ = Replica::kModern;
};

}  // namespace stirbar
