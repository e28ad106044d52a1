#include "supervisor/settings_api.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

namespace json = boost::json;

class Nowhere : public RecordSink {
 public:
  void Record(const HistoryRecord&) override {}
};

class SettingsApiTest : public ::testing::Test {
 protected:
  SettingsApiTest() { desk_.Begin({}, {{SettingId::hang_limit, 30}}, 1); }

  HttpResponse Post(std::string body) {
    HttpRequest request;
    request.body = std::move(body);
    return endpoint_.post({request, nullptr, 0, "operator from 127.0.0.1"});
  }
  json::object Get() {
    const HttpRequest request;
    return json::parse(endpoint_.get({request, nullptr, 0, ""}).body).as_object();
  }
  json::object Row(std::string_view name) {
    const json::object answer = Get();
    for (const json::value& row : answer.at("settings").as_array()) {
      if (row.at("name").as_string() == name) return row.as_object();
    }
    return {};
  }

  TestSegment segment_;
  Nowhere nowhere_;
  SettingDesk desk_{*segment_, SettingStore(""), nowhere_, [](Severity, const std::string&) {}};
  const ApiEndpoint endpoint_ = SettingsEndpoint(desk_);
};

TEST_F(SettingsApiTest, TellsEachOriginInNaturalValues) {
  EXPECT_EQ(Get()["settings"].as_array().size(), kSettingCount);
  const json::object row = Row("hang_limit");
  EXPECT_EQ(row.at("value").to_number<double>(), 30);
  EXPECT_EQ(row.at("origin").as_string(), "environment");
  EXPECT_EQ(row.at("layers").at("default").to_number<double>(), 60);
  EXPECT_TRUE(row.at("layers").at("runtime").is_null());
  EXPECT_TRUE(row.at("last_change").is_null());
  EXPECT_EQ(row.at("effect").as_string(), "at once");
  EXPECT_EQ(Row("admission").at("value").as_string(), "on");
  EXPECT_EQ(Row("cleanup_enabled").at("value").as_bool(), true);
}

TEST_F(SettingsApiTest, ChangesAndSaysWhat) {
  const HttpResponse response = Post(R"({"set": {"hang_limit": "20", "admission": "observe"}})");
  EXPECT_EQ(response.status, 200);
  const json::value answer = json::parse(response.body);
  ASSERT_EQ(answer.at("changes").as_array().size(), 2U);
  EXPECT_FALSE(answer.at("not_stored").is_null());  // there is no folder here
  EXPECT_EQ(Row("hang_limit").at("last_change").at("actor").as_string(), "operator from 127.0.0.1");
  EXPECT_EQ(Post(R"({"revert": 1})").status, 200);
  EXPECT_EQ(Row("hang_limit").at("origin").as_string(), "environment");
  EXPECT_EQ(Post(R"({"reset": ["admission"]})").status, 200);
  EXPECT_EQ(Row("admission").at("origin").as_string(), "default");
  EXPECT_EQ(Get()["changes"].as_array().size(), 4U);
}

TEST_F(SettingsApiTest, ADryRunOnlySays) {
  const HttpResponse response = Post(R"({"set": {"hang_limit": 20}, "dry_run": true})");
  const json::value answer = json::parse(response.body);
  EXPECT_TRUE(answer.at("dry_run").as_bool());
  EXPECT_EQ(answer.at("changes").at(0).at("text").as_string(),
            "hang_limit: 30 (environment) -> 20 (runtime)");
  EXPECT_TRUE(answer.at("changes").at(0).at("number").is_null());
  EXPECT_EQ(Row("hang_limit").at("origin").as_string(), "environment");
}

TEST_F(SettingsApiTest, ARefusalHasItsParts) {
  const HttpResponse response = Post(R"({"set": {"hang_limit": 20, "cpu_warning_threshold": 7}})");
  EXPECT_EQ(response.status, 400);
  const json::value answer = json::parse(response.body);
  EXPECT_EQ(answer.at("error").as_string(),
            "cpu_warning_threshold: '7' is not allowed; it takes a ratio from 0.05 to 1");
  EXPECT_EQ(answer.at("field").as_string(), "cpu_warning_threshold");
  EXPECT_EQ(answer.at("value").as_string(), "7");
  EXPECT_EQ(answer.at("allowed").as_string(), "a ratio from 0.05 to 1");
  EXPECT_EQ(Row("hang_limit").at("origin").as_string(), "environment");
}

TEST_F(SettingsApiTest, RefusesWhatIsNoSuchRequest) {
  const std::pair<const char*, const char*> cases[] = {
      {"[1]", "the body is no JSON object"},
      {R"({"set": 3})", "set: it takes an object of names and values"},
      {R"({"reset": "hang_limit"})", "reset: it takes an array of names"},
      {R"({"reset": [1]})", "reset: it takes an array of names"},
      {R"({"revert": -1})", "revert: it takes the number of a change"},
      {R"({"revert": 1.5})", "revert: it takes the number of a change"},
      {R"({"dry_run": 1})", "dry_run: it takes true or false"},
      {R"({"sett": {}})", "'sett' is not known; known: set, reset, revert, dry_run"}};
  for (const auto& [body, error] : cases) {
    const HttpResponse response = Post(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(json::parse(response.body).at("error").as_string(), error) << body;
  }
  EXPECT_EQ(Post("{nope").status, 400);
  EXPECT_EQ(Post(R"({"set": {"hang_limit": [20]}})").status, 400);
  EXPECT_EQ(Post(R"({"set": {"hang_limit": null}})").status, 400);
  EXPECT_EQ(Post(R"({"set": {"hang_limit": 1e999}})").status, 400);
  EXPECT_TRUE(Get()["changes"].as_array().empty());
}

}  // namespace
}  // namespace stirbar
