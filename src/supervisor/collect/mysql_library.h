// MariaDB Connector/C, loaded when it is needed.
//
// It is not linked: the supervisor has to run on machines that have no such library, and inside a
// wheel, which must not depend on what a machine may lack. Most machines whose app talks to MariaDB
// have it; on the others the servers' own figures are unavailable, with the reason. Linking it
// statically would bring its TLS library into every wheel, to be kept free of holes by us.
#pragma once

#include <mysql.h>

#include "base/result.h"

namespace stirbar {

// The functions that are used, by their names.
// clang-format off
#define STIRBAR_MYSQL_FUNCTIONS(X)                                                               \
  X(mysql_server_init) X(mysql_init) X(mysql_options) X(mysql_options4) X(mysql_real_connect)    \
  X(mysql_close) X(mysql_get_socket) X(mysql_get_server_info) X(mysql_real_query)                \
  X(mysql_store_result) X(mysql_num_fields) X(mysql_fetch_field_direct) X(mysql_fetch_row)       \
  X(mysql_fetch_lengths) X(mysql_free_result) X(mysql_errno) X(mysql_error)
// clang-format on

struct MySqlLibrary {
#define STIRBAR_MYSQL_FUNCTION(name) decltype(&::name) name = nullptr;
  STIRBAR_MYSQL_FUNCTIONS(STIRBAR_MYSQL_FUNCTION)
#undef STIRBAR_MYSQL_FUNCTION
};

// The library, loaded at the first call and never unloaded. Failure: there is none, or it lacks a
// function; says what to install. Threads: any.
const Result<MySqlLibrary>& LoadMySqlLibrary();

}  // namespace stirbar
