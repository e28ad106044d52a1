#include "supervisor/publish/actions_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <optional>

#include "supervisor/publish/action_metrics.h"
#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
namespace json = boost::json;

class Taker : public ActionTaker {
 public:
  Result<std::string> Ask(const ActionRequest& request, const Snapshot&) override {
    asked = request;
    if (!refusal.empty()) return Error{refusal};
    return std::string("it is done");
  }
  std::optional<ActionRequest> asked;
  std::string refusal;
};

class ActionsEndpoint : public testing::Test {
 protected:
  HttpResponse Post(const std::string& body, bool figures = true) {
    HttpRequest http;
    http.method = "POST";
    http.target = "/api/v1/actions";
    http.body = body;
    const ApiRequest asked{http, figures ? MakeTestSnapshot() : nullptr, 0, "operator"};
    return endpoint_.post(asked);
  }
  static std::string BodyOf(const HttpResponse& response) { return std::string(response.body); }

  Taker taker_;
  ApiEndpoint endpoint_ = MakeActionsEndpoint(taker_);
};

TEST_F(ActionsEndpoint, TakesAnOrderWithWhoGaveIt) {
  const HttpResponse response = Post(R"({"action":"recycle","worker":41,"dry_run":true})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(BodyOf(response), R"({"accepted":true,"text":"it is done"})");
  ASSERT_TRUE(taker_.asked);
  EXPECT_EQ(taker_.asked->kind, ActionKind::kRecycle);
  EXPECT_EQ(taker_.asked->pid, 41U);
  EXPECT_TRUE(taker_.asked->dry_run);
  EXPECT_EQ(taker_.asked->actor, "operator");
}

TEST_F(ActionsEndpoint, WorkerAndDryRunMayBeMissing) {
  EXPECT_EQ(Post(R"({"action":"cleanup","worker":null})").status, 200);
  EXPECT_FALSE(taker_.asked->pid);
  EXPECT_FALSE(taker_.asked->dry_run);
}

TEST_F(ActionsEndpoint, NamesTheFieldThatIsNotAllowed) {
  const auto said = [&](const std::string& body) {
    const HttpResponse response = Post(body);
    EXPECT_EQ(response.status, 400) << body;
    return BodyOf(response);
  };
  EXPECT_THAT(said("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(said("{"), HasSubstr("no JSON"));
  EXPECT_THAT(said("{}"), HasSubstr("action: is missing"));
  EXPECT_THAT(said(R"({"action":7})"), HasSubstr("action: 7 is not allowed"));
  EXPECT_THAT(said(R"({"action":"cleanup","worker":-1})"), HasSubstr("worker: -1 is not allowed"));
  EXPECT_THAT(said(R"({"action":"cleanup","worker":1e300})"), HasSubstr("worker: "));
  EXPECT_THAT(said(R"({"action":"cleanup","dry_run":"yes"})"), HasSubstr("takes true or false"));
  EXPECT_THAT(said(R"({"action":"cleanup","force":1})"), HasSubstr("force: no such field"));
  EXPECT_FALSE(taker_.asked);
}

TEST_F(ActionsEndpoint, WhatIsNotDoneNowIsAConflict) {
  taker_.refusal = "a cleanup is under way already";
  const HttpResponse response = Post(R"({"action":"cleanup"})");
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(BodyOf(response), HasSubstr("under way"));
  EXPECT_EQ(Post(R"({"action":"cleanup"})", false).status, 503);
}

TEST_F(ActionsEndpoint, TellsWhatWasDone) {
  HttpRequest http;
  const ApiRequest asked{http, MakeTestSnapshot(), 0, ""};
  const json::value answer = json::parse(BodyOf(endpoint_.get(asked)));
  const json::value& action = answer.at("actions").at(0);
  EXPECT_EQ(action.at("action").as_string(), "evict");
  EXPECT_EQ(action.at("state").as_string(), "done");
  EXPECT_EQ(action.at("helped").as_bool(), true);
  EXPECT_EQ(answer.at("emergency").at("state").as_string(), "cooling");
  EXPECT_EQ(answer.at("caches").at(0).at("name").as_string(), "price");
}

TEST(ActionMetrics, CountByActionAndState) {
  MetricWriter metrics(MetricsFormat::kPrometheus);
  WriteActionMetrics(MakeTestSnapshot()->sample, &metrics);
  const std::string text = metrics.Take();
  EXPECT_THAT(text, HasSubstr(R"(stirbar_actions_total{action="evict",state="done"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(stirbar_actions_total{action="recycle",state="withheld"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(stirbar_actions_reclaimed_bytes_total{action="evict"} 2.7e+07)"));
  EXPECT_THAT(text, HasSubstr(R"(stirbar_memory_emergency{state="cooling"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(stirbar_cache_hit_ratio{cache="price"} 0.9)"));
}

}  // namespace
}  // namespace stirbar
