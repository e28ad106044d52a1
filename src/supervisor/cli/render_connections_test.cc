#include "supervisor/cli/render_connections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

boost::json::object Parse(std::string_view text) { return boost::json::parse(text).as_object(); }

std::string All(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

constexpr std::string_view kAnswer = R"json({
  "pools": [{"name": "mysql://db.example.org/shop", "workers": 2, "size": 5, "max_overflow": null,
             "active": 3, "idle": 1, "connecting": 0, "waiting": {"request": 2, "task": 1},
             "utilisation": 0.6, "wait": {"p95_seconds": 0.25}, "hold": {"mean_seconds": 0.02},
             "counters": {"timeouts": 4, "leaks_confirmed": 2, "leaks_collected": 1},
             "targets": [{"name": "db.example.org:3306", "breakers_open": 1,
                          "unavailable_seconds": 3, "last_error": "OperationalError 2003"}]},
            {"name": "sqlite:///x.db"}],
  "connections": [
    {"pool": "mysql://db.example.org/shop", "pid": 4711, "state": "active", "lane": "request",
     "state_seconds": 31.2, "route": "GET /leak", "thread": 4712, "statements": 1,
     "transaction_seconds": 31, "leak": "confirmed",
     "stack": [{"function": "run", "file": "/e/lib/python3.11/site-packages/a/b.py", "line": 3},
               {"function": "leak", "file": "/srv/app.py", "line": 41}]},
    {"pool": "sqlite:///x.db", "pid": 4711, "state": "idle", "stack": []}],
  "leaks": [{"count": 2, "kind": "confirmed", "route": "GET /leak", "holder": "session",
             "pool": "mysql://db.example.org/shop", "held_seconds": 0.02, "returned": 1,
             "reclaimed": 0, "stack": [{"function": "leak", "file": "/srv/app.py", "line": 41}]}],
  "slow_queries": [{"seconds": 3.2, "route": null, "text": "SELECT SLEEP(?)", "pool": "x"}]})json";

TEST(RenderConnections, ShowsPoolsHoldersLeaksAndStatements) {
  EXPECT_THAT(
      RenderConnections(Parse(kAnswer), ShownStacks::kPlace),
      ElementsAre(
          "  POOL                         WORKERS         SIZE  ACTIVE  IDLE  OPENING  WAITING  "
          "IN USE  WAIT P95     HELD  TIMEOUTS  LEAKS",
          "  mysql://db.example.org/shop        2  5+unlimited       3     1        0        3  "
          "60.0 %  250.0 ms  20.0 ms         4      3",
          "  sqlite:///x.db                     -  -+unlimited       -     -        -        0  "
          "     -         -        -         -      0",
          "  db.example.org:3306 cannot be reached for 3.0 s (OperationalError 2003)", "",
          "  HELD BY       FOR   PID  THREAD  LANE     TAKEN AT                NOTES",
          "  GET /leak  31.2 s  4711    4712  request  /srv/app.py:41 in leak  1 statements, "
          "transaction open for 31.0 s, leak confirmed",
          "", "Leaks, the newest last:",
          "  2 x confirmed by GET /leak at /srv/app.py:41 in leak (session), held for 20.0 ms, 1 "
          "returned",
          "", "Slow statements, the newest last:", "  3.2 s  (no request)  SELECT SLEEP(?)"));
}

TEST(RenderConnections, ShowsWholeStacksWhenAsked) {
  const std::string text = All(RenderConnections(Parse(kAnswer), ShownStacks::kWhole));
  EXPECT_THAT(text, HasSubstr("      /e/lib/python3.11/site-packages/a/b.py:3 in run\n"
                              "      /srv/app.py:41 in leak\n"));
}

TEST(RenderConnections, ShowsOnlyThePoolAskedFor) {
  const boost::json::object part = OfPool(Parse(kAnswer), "mysql");
  EXPECT_EQ(part.at("pools").as_array().size(), 1U);
  EXPECT_EQ(part.at("connections").as_array().size(), 1U);
  EXPECT_EQ(part.at("leaks").as_array().size(), 1U);
  EXPECT_TRUE(part.at("slow_queries").as_array().empty());
  EXPECT_EQ(OfPool(Parse(kAnswer), "").at("pools").as_array().size(), 2U);
}

TEST(RenderConnections, AnythingElseIsNoConnections) {
  for (const char* text : {"{}", R"({"pools": 3, "connections": [1, null]})"}) {
    EXPECT_THAT(RenderConnections(Parse(text), ShownStacks::kWhole),
                ElementsAre("No pool has been used yet.", "", "No connection is held."));
  }
  const std::string text = All(RenderConnections(
      Parse("{\"connections\": [{\"state\": \"active\", \"route\": \"\\u001b[2J\", \"stack\": "
            "[{\"function\": \"\\u0007\"}]}], \"leaks\": [{}], \"slow_queries\": [{\"text\": "
            "\"a\\nb\"}]}"),
      ShownStacks::kWhole));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, Not(HasSubstr("\007")));
  EXPECT_THAT(text, HasSubstr("a?b"));
}

}  // namespace
}  // namespace stirbar
