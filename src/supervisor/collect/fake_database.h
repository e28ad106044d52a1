// A database server made by hand, for tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "supervisor/collect/database_connection.h"

namespace stirbar {

// Answers the statements that it knows by how they begin; others fail with a syntax error.
class FakeDatabase : public DatabaseConnection {
 public:
  std::string version() const override { return version_text; }
  std::optional<DatabaseTable> Query(const std::string& statement) override {
    statements.push_back(statement);
    for (const auto& [begin, fault] : faults) {
      if (!statement.starts_with(begin)) continue;
      fault_ = fault;
      return std::nullopt;
    }
    for (const auto& [begin, table] : tables) {
      if (statement.starts_with(begin)) return table;
    }
    fault_ = {1064, "error 1064"};
    return std::nullopt;
  }
  const DatabaseFault& fault() const override { return fault_; }
  bool broken() const override { return fault_.code >= 2000; }
  void Abort() override {}

  // A table of two columns.
  static DatabaseTable Pairs(const std::map<std::string, std::string>& values) {
    DatabaseTable table{{"Variable_name", "Value"}, {}};
    for (const auto& [name, value] : values) table.rows.push_back({name, value});
    return table;
  }

  std::string version_text = "10.11.6-MariaDB";
  std::map<std::string, DatabaseTable> tables{
      {"SHOW GLOBAL STATUS", Pairs({{"Uptime", "100"}, {"Threads_connected", "7"}})},
      {"SHOW GLOBAL VARIABLES", Pairs({{"max_connections", "151"}, {"read_only", "OFF"}})},
      {"SELECT ID", {{"ID", "TIME", "STATE", "INFO"}, {}}},
      {"SHOW REPLICA STATUS", {{"Seconds_Behind_Master"}, {}}},
  };
  std::map<std::string, DatabaseFault> faults;
  std::vector<std::string> statements;

 private:
  DatabaseFault fault_;
};

}  // namespace stirbar
