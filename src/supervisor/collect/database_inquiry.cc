#include "supervisor/collect/database_inquiry.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/clock.h"
#include "base/statement_text.h"

namespace stirbar {
namespace {

constexpr unsigned kSyntaxError = 1064;

constexpr const char* kStatus =
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime', 'Threads_connected', "
    "'Max_used_connections', 'Threads_running', 'Aborted_clients', 'Aborted_connects', "
    "'Questions', 'Slow_queries', 'Innodb_row_lock_current_waits', 'Innodb_row_lock_waits', "
    "'Innodb_row_lock_time', 'Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_reads')";
constexpr const char* kVariables =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('max_connections', 'wait_timeout', "
    "'read_only', 'super_read_only', 'sql_mode')";

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return std::tolower(letter); });
  return text;
}

// Two columns: name and value.
std::map<std::string, std::string> PairsOf(const DatabaseTable& table) {
  std::map<std::string, std::string> pairs;
  for (const DatabaseTable::Row& row : table.rows) {
    if (row.size() == 2 && row[0] && row[1]) pairs[Lower(*row[0])] = *row[1];
  }
  return pairs;
}

double NumberIn(const std::optional<std::string>& field) {
  double number = 0;
  if (!field) return kNotMeasured;
  const auto [end, code] = std::from_chars(field->data(), field->data() + field->size(), number);
  return code == std::errc() && end != field->data() ? number : kNotMeasured;
}

// How far the slowest source is behind: not measured where one does not run.
double LagOf(const DatabaseTable& table) {
  double lag = 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name = Lower(table.columns[i]);
    if (name != "seconds_behind_master" && name != "seconds_behind_source") continue;
    for (const DatabaseTable::Row& row : table.rows) {
      const double seconds = NumberIn(row[i]);
      if (std::isnan(seconds)) return kNotMeasured;
      lag = std::fmax(lag, seconds);
    }
    return lag;
  }
  return kNotMeasured;
}

bool IsMariaDb(const std::string& version) {
  return Lower(version).find("maria") != std::string::npos;
}

// MySQL counts whole seconds only.
std::string StatementsQuery(const std::string& version, double seconds) {
  std::array<char, 512> text;
  const bool milliseconds = IsMariaDb(version);
  const char* const time = milliseconds ? "TIME_MS" : "TIME * 1000";
  std::snprintf(text.data(), text.size(),
                "SELECT ID, %s / 1000, STATE, LEFT(INFO, 2048) FROM "
                "information_schema.PROCESSLIST WHERE COMMAND IN ('Query', 'Execute') AND "
                "%s >= %.0f AND ID <> CONNECTION_ID() ORDER BY %s DESC LIMIT 20",
                time, time, seconds * 1000, time);
  return text.data();
}

// In the mode NO_BACKSLASH_ESCAPES it cannot be told where a literal ends: sessions may differ.
std::string ShownText(const std::optional<std::string>& statement, const std::string& sql_mode) {
  if (!statement || sql_mode.find("NO_BACKSLASH_ESCAPES") != std::string::npos) return "";
  std::array<char, sizeof(SlowQuery::text)> text;
  return {text.data(), ShowStatement(*statement, SqlDialect::kMySql, text.data(), text.size())};
}

}  // namespace

std::optional<DatabaseRound> DatabaseInquiry::Ask(DatabaseConnection* connection,
                                                  double long_running_seconds) {
  DatabaseRound round;
  round.version = connection->version();
  const uint64_t began = MonotonicNs();
  const auto status = Query(connection, kStatus);
  if (!status) return std::nullopt;
  round.asked_ns = MonotonicNs();
  round.own_statements = own_statements_;
  round.status = PairsOf(*status);
  const auto variables = Query(connection, kVariables);
  if (!variables) return std::nullopt;
  round.variables = PairsOf(*variables);
  if (!AskStatements(connection, long_running_seconds, &round)) return std::nullopt;
  if (!AskReplica(connection, &round)) return std::nullopt;
  round.answer_seconds = Seconds(AgeOf(began, MonotonicNs()));
  return round;
}

std::optional<DatabaseTable> DatabaseInquiry::Query(DatabaseConnection* connection,
                                                    const std::string& statement) {
  ++own_statements_;
  return connection->Query(statement);
}

bool DatabaseInquiry::AskStatements(DatabaseConnection* connection, double seconds,
                                    DatabaseRound* round) {
  const auto table = Query(connection, StatementsQuery(round->version, seconds));
  if (!table) return !connection->broken();
  for (const DatabaseTable::Row& row : table->rows) {
    if (row.size() != 4) continue;
    DatabaseServerSample::Statement& statement = round->long_running.emplace_back();
    statement.thread = static_cast<uint64_t>(std::fmax(0, NumberIn(row[0])));
    statement.seconds = NumberIn(row[1]);
    statement.state = row[2].value_or("");
    statement.text = ShownText(row[3], round->variables["sql_mode"]);
  }
  return true;
}

// SHOW REPLICA STATUS is new in MariaDB 10.5 and MySQL 8.0.22; the older words are gone in
// MySQL 8.4.
bool DatabaseInquiry::AskReplica(DatabaseConnection* connection, DatabaseRound* round) {
  while (replica_ != Replica::kDenied) {
    const bool modern = replica_ == Replica::kModern;
    const auto table = Query(connection, modern ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS");
    if (table) {
      round->is_replica = !table->rows.empty();
      if (*round->is_replica) round->replica_lag_seconds = LagOf(*table);
      return true;
    }
    if (connection->broken()) return false;
    const bool unknown = connection->fault().code == kSyntaxError;
    replica_ = modern && unknown ? Replica::kOld : Replica::kDenied;
  }
  return true;
}

}  // namespace stirbar
