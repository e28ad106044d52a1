#include "supervisor/collect/mysql_client.h"

#include <errmsg.h>
#include <fcntl.h>
#include <mysqld_error.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "supervisor/collect/mysql_library.h"

namespace stirbar {
namespace {

// The number in the last parentheses, or behind the last blank: "... on '127.0.0.1' (111)",
// "..., system error: 110"; 0: none.
int SystemError(std::string_view message) {
  const size_t at = message.find_last_of("( ");
  if (at == std::string_view::npos) return 0;
  int number = 0;
  std::from_chars(message.data() + at + 1, message.data() + message.size(), number);
  return number;
}

std::string CannotConnect(std::string_view message) {
  const int number = SystemError(message);
  // What the library says of a connection that was refused, too: it has not asked the socket.
  if (number == 0 || number == EINPROGRESS) {
    return "cannot connect: refused, or no answer within " +
           std::to_string(kDatabaseConnectSeconds) + " s";
  }
  return std::string("cannot connect: ") + std::strerror(number);
}

std::string MeaningOf(unsigned code, std::string_view message) {
  switch (code) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
      return CannotConnect(message);
    case CR_UNKNOWN_HOST:
      return "the host's name is not known";
    case CR_SERVER_GONE_ERROR:
      return "the connection is gone";
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
      return "the connection was lost, or no answer came within " +
             std::to_string(kDatabaseAnswerSeconds) + " s";
    case CR_SSL_CONNECTION_ERROR:
      return "TLS failed";
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
    case CR_AUTH_PLUGIN_ERR:
      return "the account's way of authentication is not supported";
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
      return "access denied: wrong user or password";
    case ER_CON_COUNT_ERROR:
      return "too many connections";
    case ER_USER_LIMIT_REACHED:
    case ER_TOO_MANY_USER_CONNECTIONS:
      return "the account's limit is reached";
    case ER_HOST_IS_BLOCKED:
      return "this host is blocked by the server (FLUSH HOSTS lets it in again)";
    case ER_HOST_NOT_PRIVILEGED:
      return "this host may not connect";
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
      return "the server ended the connection";
    case ER_BAD_DB_ERROR:
      return "there is no such database";
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
      return "the account lacks a privilege";
    default:
      return "see the server's manual";
  }
}

class MySqlConnection : public DatabaseConnection {
 public:
  // Owns `mysql`, which is connected.
  MySqlConnection(const MySqlLibrary& library, MYSQL* mysql)
      : library_(library),
        mysql_(mysql),
        socket_(fcntl(library.mysql_get_socket(mysql), F_DUPFD_CLOEXEC, 0)) {}

  ~MySqlConnection() override {
    close(socket_);
    library_.mysql_close(mysql_);
  }

  MySqlConnection(const MySqlConnection&) = delete;
  MySqlConnection& operator=(const MySqlConnection&) = delete;

  std::string version() const override {
    const char* const text = library_.mysql_get_server_info(mysql_);
    return text != nullptr ? text : "";
  }

  std::optional<DatabaseTable> Query(const std::string& statement) override {
    if (library_.mysql_real_query(mysql_, statement.data(), statement.size()) != 0) return Fail();
    MYSQL_RES* const result = library_.mysql_store_result(mysql_);
    if (result == nullptr) {
      if (library_.mysql_errno(mysql_) != 0) return Fail();
      return DatabaseTable{};  // a statement without an answer
    }
    DatabaseTable table;
    const unsigned fields = library_.mysql_num_fields(result);
    for (unsigned i = 0; i < fields; ++i) {
      table.columns.emplace_back(library_.mysql_fetch_field_direct(result, i)->name);
    }
    while (const MYSQL_ROW row = library_.mysql_fetch_row(result)) {
      const unsigned long* const lengths = library_.mysql_fetch_lengths(result);
      DatabaseTable::Row& fresh = table.rows.emplace_back(fields);
      for (unsigned i = 0; i < fields; ++i) {
        if (row[i] != nullptr) fresh[i] = std::string(row[i], lengths[i]);
      }
    }
    library_.mysql_free_result(result);
    return table;
  }

  const DatabaseFault& fault() const override { return fault_; }

  bool broken() const override {
    return fault_.code == ER_SERVER_SHUTDOWN || fault_.code == ER_CONNECTION_KILLED ||
           (fault_.code >= CR_MIN_ERROR && fault_.code <= CR_MAX_ERROR);
  }

  void Abort() override { shutdown(socket_, SHUT_RDWR); }

 private:
  std::nullopt_t Fail() {
    fault_ = MySqlFault(library_.mysql_errno(mysql_), library_.mysql_error(mysql_));
    return std::nullopt;
  }

  const MySqlLibrary& library_;
  MYSQL* const mysql_;
  // A descriptor of our own: the library closes its one when something fails, and another thread
  // might then get the same number for something else.
  const int socket_;
  DatabaseFault fault_;
};

void SetOptions(const MySqlLibrary& library, const DatabaseAccount& account, MYSQL* mysql) {
  const auto set = [&](mysql_option option, const void* value) {
    library.mysql_options(mysql, option, value);
  };
  const unsigned connect_seconds = kDatabaseConnectSeconds;
  const unsigned answer_seconds = kDatabaseAnswerSeconds;
  const unsigned no = 0;
  set(MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
  set(MYSQL_OPT_READ_TIMEOUT, &answer_seconds);
  set(MYSQL_OPT_WRITE_TIMEOUT, &answer_seconds);
  // A server may ask its client for any file.
  set(MYSQL_OPT_LOCAL_INFILE, &no);
  // Else "localhost" means a unix socket to the library.
  const unsigned protocol =
      account.unix_socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  set(MYSQL_OPT_PROTOCOL, &protocol);
  set(MYSQL_SET_CHARSET_NAME, "utf8mb4");
  library.mysql_options4(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "stirbar");
  const my_bool verifies = account.ssl_ca.empty() ? 0 : 1;
  if (verifies != 0) {
    set(MYSQL_OPT_SSL_CA, account.ssl_ca.c_str());
    set(MYSQL_OPT_SSL_ENFORCE, &verifies);
  }
  set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verifies);
}

}  // namespace

DatabaseFault MySqlFault(unsigned code, std::string_view message) {
  return {code, "error " + std::to_string(code) + ": " + MeaningOf(code, message)};
}

std::unique_ptr<DatabaseConnection> ConnectMySql(const DatabaseAccount& account,
                                                 DatabaseFault* fault) {
  const Result<MySqlLibrary>& library = LoadMySqlLibrary();
  if (!library) {
    *fault = {0, library.error()};
    return nullptr;
  }
  MYSQL* const mysql = library->mysql_init(nullptr);
  if (mysql == nullptr) {
    *fault = {CR_OUT_OF_MEMORY, "out of memory"};
    return nullptr;
  }
  SetOptions(*library, account, mysql);
  const bool local = !account.unix_socket.empty();
  if (library->mysql_real_connect(mysql, local ? nullptr : account.host.c_str(),
                                  account.user.c_str(), account.password.c_str(), nullptr,
                                  account.port, local ? account.unix_socket.c_str() : nullptr,
                                  0) == nullptr) {
    *fault = MySqlFault(library->mysql_errno(mysql), library->mysql_error(mysql));
    library->mysql_close(mysql);
    return nullptr;
  }
  auto connection = std::make_unique<MySqlConnection>(*library, mysql);
  // Other servers than MariaDB do not know the first; what it guards from is then left to the
  // time-out of reading.
  for (const std::string& setting :
       {"SET SESSION max_statement_time = " + std::to_string(kDatabaseAnswerSeconds),
        std::string("SET SESSION wait_timeout = 60")}) {
    if (!connection->Query(setting) && connection->broken()) {
      *fault = connection->fault();
      return nullptr;
    }
  }
  return connection;
}

}  // namespace stirbar
