#include "supervisor/collect/database_inquiry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "supervisor/collect/fake_database.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kReplica = "SHOW REPLICA STATUS";
constexpr const char* kSlave = "SHOW SLAVE STATUS";

DatabaseRound Ask(FakeDatabase* database, double seconds = 2) {
  DatabaseInquiry inquiry;
  const auto round = inquiry.Ask(database, seconds);
  EXPECT_TRUE(round.has_value());
  return round.value_or(DatabaseRound{});
}

TEST(DatabaseInquiry, ReadsStatusAndVariables) {
  FakeDatabase database;
  const DatabaseRound round = Ask(&database);
  EXPECT_EQ(round.version, "10.11.6-MariaDB");
  EXPECT_EQ(round.status.at("threads_connected"), "7");
  EXPECT_EQ(round.variables.at("max_connections"), "151");
  EXPECT_EQ(round.is_replica, false);
  EXPECT_TRUE(std::isnan(round.replica_lag_seconds));
}

TEST(DatabaseInquiry, CountsItsStatements) {
  FakeDatabase database;
  DatabaseInquiry inquiry;
  const uint64_t first = inquiry.Ask(&database, 2)->own_statements;
  const uint64_t second = inquiry.Ask(&database, 2)->own_statements;
  EXPECT_EQ(first, 1U);
  EXPECT_EQ(second - first, database.statements.size() / 2);
}

TEST(DatabaseInquiry, ShowsStatementsWithoutLiterals) {
  FakeDatabase database;
  database.tables["SELECT ID"].rows = {
      {"12", "3.25", "Sending data", "SELECT * FROM t WHERE name = 'secret' AND id = 4"},
      {"13", "2.5", std::nullopt, std::nullopt},
      {"14", "2", "", "UPDATE t SET name = 'cut off by LEFT("}};
  const DatabaseRound round = Ask(&database);
  ASSERT_EQ(round.long_running.size(), 3U);
  EXPECT_EQ(round.long_running[0].thread, 12U);
  EXPECT_EQ(round.long_running[0].seconds, 3.25);
  EXPECT_EQ(round.long_running[0].state, "Sending data");
  EXPECT_EQ(round.long_running[0].text, "SELECT * FROM t WHERE name = ? AND id = ?");
  EXPECT_EQ(round.long_running[1].text, "");
  EXPECT_EQ(round.long_running[2].text, "UPDATE t SET name = ?");
}

TEST(DatabaseInquiry, ShowsNoTextWhereLiteralsCannotBeTold) {
  FakeDatabase database;
  database.tables["SELECT ID"].rows = {{"1", "3", "", "SELECT 'a\\', 'secret'"}};
  database.tables["SHOW GLOBAL VARIABLES"] =
      FakeDatabase::Pairs({{"sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"}});
  EXPECT_EQ(Ask(&database).long_running.at(0).text, "");
}

TEST(DatabaseInquiry, AsksMySqlInItsOwnWords) {
  FakeDatabase database;
  Ask(&database, 0.5);
  EXPECT_THAT(database.statements.at(2), HasSubstr("TIME_MS >= 500"));
  database.version_text = "8.0.36";
  database.statements.clear();
  Ask(&database, 0.5);
  EXPECT_THAT(database.statements.at(2), Not(HasSubstr("TIME_MS")));
}

TEST(DatabaseInquiry, ReadsTheLagOfTheSlowestSource) {
  FakeDatabase database;
  DatabaseTable& replica = database.tables[kReplica];
  replica.columns = {"Source_Host", "Seconds_Behind_Source"};
  replica.rows = {{"db.example.org", "3"}, {"db2.example.org", "8"}};
  EXPECT_EQ(Ask(&database).replica_lag_seconds, 8);
  replica.rows[0][1] = std::nullopt;  // is not running
  const DatabaseRound round = Ask(&database);
  EXPECT_EQ(round.is_replica, true);
  EXPECT_TRUE(std::isnan(round.replica_lag_seconds));
}

TEST(DatabaseInquiry, FallsBackToOlderWords) {
  FakeDatabase database;
  database.tables[kSlave] = {{"Seconds_Behind_Master"}, {{"5"}}};
  database.tables.erase(kReplica);
  DatabaseInquiry inquiry;
  EXPECT_EQ(inquiry.Ask(&database, 2)->replica_lag_seconds, 5);
  database.statements.clear();
  EXPECT_EQ(inquiry.Ask(&database, 2)->replica_lag_seconds, 5);
  EXPECT_EQ(database.statements.back(), kSlave);
  EXPECT_EQ(database.statements.size(), 4U);  // the newer ones are not tried again
}

TEST(DatabaseInquiry, LeavesOutWhatTheAccountMayNotSee) {
  FakeDatabase database;
  database.faults[kReplica] = {1227, ""};
  database.faults["SELECT ID"] = {1142, ""};
  DatabaseInquiry inquiry;
  const auto round = inquiry.Ask(&database, 2);
  ASSERT_TRUE(round.has_value());
  EXPECT_FALSE(round->is_replica.has_value());
  EXPECT_TRUE(round->long_running.empty());
  inquiry.Ask(&database, 2);
  EXPECT_THAT(database.statements.back(), StartsWith("SELECT ID"));
  database.faults.clear();
  inquiry.Reconnected();
  EXPECT_EQ(inquiry.Ask(&database, 2)->is_replica, false);
}

TEST(DatabaseInquiry, FailsWithTheConnection) {
  for (const char* begin : {"SHOW GLOBAL STATUS", "SHOW GLOBAL VARIABLES", "SELECT ID", kReplica}) {
    FakeDatabase database;
    database.faults[begin] = {2013, "lost"};
    DatabaseInquiry inquiry;
    EXPECT_FALSE(inquiry.Ask(&database, 2).has_value()) << begin;
    EXPECT_EQ(database.fault().code, 2013U);
  }
}

}  // namespace
}  // namespace stirbar
