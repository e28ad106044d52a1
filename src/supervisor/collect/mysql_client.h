#pragma once

#include <memory>
#include <string_view>

#include "supervisor/collect/database_connection.h"

namespace stirbar {

// Time-outs, whole seconds because the library knows no others. A server that needs longer for the
// few statements that it is asked is as good as gone; a half-open connection is found in 3 s.
inline constexpr unsigned kDatabaseConnectSeconds = 2;
inline constexpr unsigned kDatabaseAnswerSeconds = 3;

// Connects to MySQL or MariaDB by Connector/C (mysql_library.h). A DatabaseConnector.
//
// The session is set so that it hurts nobody: its statements end after kDatabaseAnswerSeconds on
// the server too (MariaDB), and it does not count as an aborted client when the server's
// wait_timeout is short. Files of this machine are never sent, whatever the server asks for.
//
// Time: up to kDatabaseConnectSeconds for connecting and for each of the server's first words;
// a name that is no address is resolved without a limit of our own. Failure: null; `fault` says
// why.
std::unique_ptr<DatabaseConnection> ConnectMySql(const DatabaseAccount& account,
                                                 DatabaseFault* fault);

// The fault in words: the code, what it means, and of `message` (the library's or the server's)
// only the number of the system's error: a message may hold names and parts of statements.
DatabaseFault MySqlFault(unsigned code, std::string_view message);

}  // namespace stirbar
