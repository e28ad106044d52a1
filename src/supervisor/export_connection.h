// The connection of an export to its database, by the library that the collectors load.
#pragma once

#include <memory>

#include "supervisor/publish/sql_connection.h"

namespace stirbar {

// An SqlConnector. Time: as ConnectMySql() of collect/mysql_client.h. `options`: of kind mysql.
std::unique_ptr<SqlConnection> ConnectExport(const ExportOptions& options, SqlFault* fault);

}  // namespace stirbar
