// The MySQL and MariaDB servers to ask, and the accounts to ask them with, from their URLs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stirbar {

// More would not be asked in time by a thread each, and nobody has asked for more.
inline constexpr size_t kMaxDatabases = 16;

struct DatabaseAccount {
  std::string host;
  uint16_t port = 3306;
  std::string unix_socket;  // instead of host and port
  std::string user;
  std::string password;  // never shown, never logged
  std::string ssl_ca;    // file of certificates; not empty: TLS, and the server's name is checked

  // "db.example.org:3306", "[::1]:3306", "/run/mysqld/mysqld.sock".
  std::string name() const;
};

// Reads URLs separated by commas:
//
//   mysql://USER:PASSWORD@HOST:PORT mysql://USER:PASSWORD@/?unix_socket=/run/mysqld/mysqld.sock
//
// `mariadb` and a driver ("mysql+pymysql") are taken as well, and the name of a database is left
// out, so that an engine's URL serves. What is special in a URL is %-encoded, a comma too. A URL
// without a password gets `password`.
//
// Failure: says which URL by its number and what is allowed, and shows nothing of it: a password
// may stand anywhere in one that is wrong.
Result<std::vector<DatabaseAccount>> ParseDatabaseUrls(std::string_view urls,
                                                       const std::string& password);

}  // namespace stirbar
