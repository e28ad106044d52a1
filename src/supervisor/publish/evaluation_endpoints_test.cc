#include "supervisor/publish/evaluation_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

namespace json = boost::json;

class EvaluationEndpointsTest : public testing::Test {
 protected:
  EvaluationEndpointsTest() {
    AddEvaluationEndpoints(snapshot_->evaluation.assessment.groups, &endpoints_);
  }
  HttpResponse Ask(const std::string& path, std::shared_ptr<const Snapshot> snapshot) {
    for (const ApiEndpoint& endpoint : endpoints_) {
      if (endpoint.path != path) continue;
      EXPECT_FALSE(endpoint.post) << "nothing of it can be changed";
      const HttpRequest request;
      return endpoint.get({request, std::move(snapshot), 0, ""});
    }
    ADD_FAILURE() << path;
    return {};
  }
  json::value Get(const std::string& path) {
    return json::parse(std::string(Ask(path, snapshot_).body));
  }

  std::shared_ptr<Snapshot> snapshot_ = MakeTestSnapshot();
  std::vector<ApiEndpoint> endpoints_;
};

TEST_F(EvaluationEndpointsTest, BeforeTheFirstTickThereAreNoFigures) {
  for (const char* const path :
       {"/api/v1/rules", "/api/v1/recommendations", "/api/v1/health", "/health/group/checkout"}) {
    EXPECT_EQ(Ask(path, nullptr).status, 503) << path;
  }
}

TEST_F(EvaluationEndpointsTest, RulesShowThresholdsAndState) {
  RuleSample rule;
  rule.name = "memory";
  rule.component = "memory";
  rule.expression = "memory_ratio";
  rule.warning =
      RuleLevelSample{.enter = 0.8, .leave = 0.75, .setting = "memory_warning_threshold"};
  rule.state = RuleState::kFiring;
  rule.value = 0.83;
  rule.since_wall_ns = 1'763'914'800'000'000'000;
  snapshot_->evaluation.rules =
      std::make_shared<const std::vector<RuleSample>>(std::vector<RuleSample>{rule});
  const json::value row = Get("/api/v1/rules").at("rules").at(0);
  EXPECT_EQ(row.at("warning").at("enter").as_double(), 0.8);
  EXPECT_EQ(row.at("warning").at("setting").as_string(), "memory_warning_threshold");
  EXPECT_TRUE(row.at("critical").is_null());
  EXPECT_EQ(row.at("state").as_string(), "firing");
  EXPECT_EQ(row.at("since").as_string(), "2025-11-23T16:20:00.000Z");
}

TEST_F(EvaluationEndpointsTest, RecommendationsAreRankedAndSaidOnce) {
  Evaluation& evaluation = snapshot_->evaluation;
  evaluation.connection_advice = {{.severity = Status::kWarning,
                                   .component = "database",
                                   .text = "b",
                                   .evidence = "",
                                   .gain_ratio = 0.1},
                                  {.severity = Status::kWarning,
                                   .component = "database",
                                   .text = "a",
                                   .evidence = "",
                                   .gain_ratio = 0.7},
                                  {.severity = Status::kWarning,
                                   .component = "x",
                                   .text = "Look at GET /lock",
                                   .evidence = ""}};
  const json::value answer = Get("/api/v1/recommendations");
  const json::array& rows = answer.at("recommendations").as_array();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("severity").as_string(), "critical");
  EXPECT_EQ(rows[1].at("text").as_string(), "a");
  EXPECT_EQ(rows[2].at("text").as_string(), "b");
}

TEST_F(EvaluationEndpointsTest, HealthHasEachComponentAgainstEachWorker) {
  const json::value answer = Get("/api/v1/health");
  const size_t workers = snapshot_->sample.workers.size();
  for (const json::value& component : answer.at("components").as_array()) {
    EXPECT_EQ(component.at("workers").as_array().size(), workers);
  }
  EXPECT_EQ(answer.at("dependencies").at(0).at("status").as_string(), "warning");
  EXPECT_EQ(answer.at("groups").at(0).at("status").as_string(), "warn");
}

TEST_F(EvaluationEndpointsTest, AGroupAnswersByItsOwnStatus) {
  HttpResponse response = Ask("/health/group/checkout", snapshot_);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(std::string(response.body)).at("output").as_string(),
            "database: 1 of 2 servers");
  snapshot_->evaluation.assessment.groups[0].answer.status = Status::kCritical;
  EXPECT_EQ(Ask("/health/group/checkout", snapshot_).status, 503);
}

}  // namespace
}  // namespace stirbar
