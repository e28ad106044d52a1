#include "supervisor/publish/databases_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Written(const DatabaseServerSample& server, size_t most_statements = 20) {
  Sample sample;
  sample.databases.push_back(server);
  JsonWriter json;
  json.BeginObject();
  WriteDatabases(sample, most_statements, &json);
  json.EndObject();
  return json.Take();
}

DatabaseServerSample Server() {
  DatabaseServerSample server;
  server.name = "db.example.org:3306";
  server.version = "10.11.6-MariaDB";
  server.connections = 7;
  server.max_connections = 151;
  server.read_only = true;
  server.is_replica = false;
  server.queries_per_second = 12.5;
  server.long_running = {{.thread = 4, .seconds = 3.5, .state = "Sending data", .text = "SELECT ?"},
                         {.thread = 5, .seconds = 2.5, .state = "", .text = ""}};
  return server;
}

TEST(DatabasesJson, ShowsWhatIsMeasured) {
  const std::string text = Written(Server());
  EXPECT_THAT(text, HasSubstr(R"("name":"db.example.org:3306")"));
  EXPECT_THAT(text, HasSubstr(R"("available":true,"unavailable_since":null,"error":null)"));
  EXPECT_THAT(text, HasSubstr(R"("connections":7)"));
  EXPECT_THAT(text, HasSubstr(R"("queries_per_second":12.5)"));
  EXPECT_THAT(text, HasSubstr(R"("lock_waits_per_second":null)"));
  EXPECT_THAT(text, HasSubstr(R"("is_replica":false,"replica_lag_seconds":null,"read_only":true)"));
  EXPECT_THAT(
      text, HasSubstr(R"([{"thread":4,"seconds":3.5,"state":"Sending data","text":"SELECT ?"},{)"));
}

TEST(DatabasesJson, ShowsOfAServerThatIsGoneOnlyWhatHoldsForGood) {
  DatabaseServerSample server = Server();
  server.unavailable_since_wall = 1795594800.25;
  server.error = "error 2013: lost";
  const std::string text = Written(server);
  EXPECT_THAT(text, HasSubstr(R"("available":false,"unavailable_since":1795594800.25)"));
  EXPECT_THAT(text, HasSubstr(R"("error":"error 2013: lost")"));
  EXPECT_THAT(text, HasSubstr(R"("connections":null)"));
  EXPECT_THAT(text, HasSubstr(R"("max_connections":151)"));
  server.version.clear();  // has never answered
  EXPECT_THAT(Written(server), HasSubstr(R"("max_connections":null)"));
}

TEST(DatabasesJson, ShowsTheOldestStatementsOnly) {
  const std::string text = Written(Server(), 1);
  EXPECT_THAT(text, HasSubstr(R"("thread":4)"));
  EXPECT_THAT(text, Not(HasSubstr(R"("thread":5)")));
}

}  // namespace
}  // namespace stirbar
