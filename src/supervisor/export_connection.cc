#include "supervisor/export_connection.h"

#include <cstdlib>
#include <utility>

#include "supervisor/collect/mysql_client.h"

namespace stirbar {
namespace {

class ExportConnection : public SqlConnection {
 public:
  explicit ExportConnection(std::unique_ptr<DatabaseConnection> database)
      : database_(std::move(database)) {}

  std::optional<SqlFault> Run(const std::string& statement) override {
    if (database_->Query(statement)) return std::nullopt;
    return SqlFault{database_->fault().code, database_->fault().text};
  }

  void Abort() override { database_->Abort(); }

 private:
  const std::unique_ptr<DatabaseConnection> database_;
};

DatabaseAccount AccountOf(const ExportOptions& options) {
  DatabaseAccount account;
  if (options.server.starts_with('/')) {
    account.unix_socket = options.server;
  } else {
    const size_t colon = options.server.rfind(':');
    account.host = options.server.substr(0, colon);
    account.port = static_cast<uint16_t>(std::atoi(options.server.c_str() + colon + 1));
    if (account.host.starts_with('[') && account.host.ends_with(']')) {
      account.host = account.host.substr(1, account.host.size() - 2);
    }
  }
  account.user = options.user;
  account.password = options.password;
  account.ssl_ca = options.ssl_ca;
  return account;
}

}  // namespace

std::unique_ptr<SqlConnection> ConnectExport(const ExportOptions& options, SqlFault* fault) {
  DatabaseFault refused;
  std::unique_ptr<DatabaseConnection> database = ConnectMySql(AccountOf(options), &refused);
  if (database) return std::make_unique<ExportConnection>(std::move(database));
  *fault = {refused.code, refused.text};
  return nullptr;
}

}  // namespace stirbar
