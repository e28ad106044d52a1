#include "supervisor/cli/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

namespace stirbar {
namespace {

using testing::ElementsAre;

boost::json::object Parse(std::string_view text) { return boost::json::parse(text).as_object(); }

const boost::json::object kWatched = Parse(
    R"({"pools": [{"name": "a", "fair": true, "active_p95": 2}],
        "databases": [{"name": "db", "max_connections": 151}], "advice": []})");

TEST(Diagnosis, NothingToSay) {
  const boost::json::object diagnosis = Diagnose(Parse("{}"), &kWatched, "");
  EXPECT_EQ(diagnosis, Parse(R"({"status": "healthy", "findings": [], "not_checked": []})"));
  EXPECT_EQ(ExitStatusOf(diagnosis), 0);
  EXPECT_THAT(RenderDiagnosis(diagnosis), ElementsAre("Nothing to say."));
}

TEST(Diagnosis, RulesAndAdviceWorstFirstEachOnce) {
  const boost::json::object snapshot = Parse(R"({"health": {
    "alerts": [{"severity": "warning", "component": "cpu", "message": "CPU 90 % used"},
               {"severity": "warning", "component": "disk", "message": "disk 95 % full"}],
    "recommendations": [{"severity": "warning", "component": "cpu", "text": "Make /x cheaper.",
                         "evidence": "CPU 90 % used; GET /x takes 50 %"}]}})");
  boost::json::object connections = kWatched;
  connections["advice"] = boost::json::parse(R"([
    {"severity": "critical", "text": "Lower pool_size to 5.", "evidence": "4 x 15 = 60",
     "effect": "it fits", "command": "stirbar config set x 5"},
    {"severity": "warning", "text": "Make /x cheaper.", "evidence": "again"}])");
  const boost::json::object diagnosis = Diagnose(snapshot, &connections, "");
  EXPECT_EQ(ExitStatusOf(diagnosis), 2);
  EXPECT_THAT(
      RenderDiagnosis(diagnosis),
      ElementsAre("critical  database  Lower pool_size to 5.", "    because: 4 x 15 = 60",
                  "    expected: it fits", "    command: stirbar config set x 5",
                  "warning  cpu  Make /x cheaper.", "    because: CPU 90 % used; GET /x takes 50 %",
                  "warning  disk  disk 95 % full"));
}

TEST(Diagnosis, OnlyWarningsAreOne) {
  const boost::json::object snapshot = Parse(
      R"({"health": {"alerts": [{"severity": "warning", "component": "x", "message": "y"}]}})");
  EXPECT_EQ(ExitStatusOf(Diagnose(snapshot, &kWatched, "")), 1);
}

TEST(Diagnosis, SaysWhatItCouldNotLookAt) {
  const boost::json::object snapshot = Parse(R"({"unavailable": {"pressure": "no such file"}})");
  EXPECT_THAT(RenderDiagnosis(Diagnose(snapshot, nullptr, "no pages")),
              ElementsAre("Nothing to say.", "", "Not looked at:", "    connections: no pages",
                          "    pressure: no such file"));
  const boost::json::object connections = Parse(R"({
    "pools": [{"name": "a", "fair": false}, {"name": "b", "fair": true, "active_p95": null}],
    "databases": []})");
  EXPECT_THAT(
      RenderDiagnosis(Diagnose(Parse("{}"), &connections, "")),
      ElementsAre("Nothing to say.", "",
                  "Not looked at:", "    waits of a: not Stirbar's pool (stirbar.pool_options())",
                  "    size of b: it has been watched for less than a minute",
                  "    max_connections and wait_timeout of the servers: the supervisor asks none "
                  "(docs/connections.md says how)"));
  const boost::json::object silent = Parse(R"({"pools": [],
    "databases": [{"name": "db", "max_connections": null, "error": "Access denied"}]})");
  EXPECT_THAT(
      RenderDiagnosis(Diagnose(Parse("{}"), &silent, "")),
      ElementsAre("Nothing to say.", "", "Not looked at:", "    pools: none has been used yet",
                  "    max_connections and wait_timeout of db: it has not answered (Access "
                  "denied)"));
}

TEST(Diagnosis, AnythingElseIsNoDiagnosis) {
  EXPECT_THAT(RenderDiagnosis(Parse(R"({"findings": [1], "not_checked": [null]})")),
              ElementsAre("Nothing to say.", "", "Not looked at:"));
  const boost::json::object bad = Parse(R"({"health": 3, "unavailable": []})");
  EXPECT_EQ(ExitStatusOf(Diagnose(bad, &bad, "")), 0);
}

}  // namespace
}  // namespace stirbar
