#include "load_generator/plan.h"

#include <gmock/gmock.h>

namespace stirbar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(Plan, ReadsAConstantRate) {
  const auto phases = ParsePhases("25@500ms", 0);
  ASSERT_TRUE(phases);
  ASSERT_EQ(phases->size(), 1U);
  EXPECT_EQ(phases->front().rate, 25);
  EXPECT_EQ(phases->front().duration, milliseconds(500));
}

TEST(Plan, ReadsAStepInMultiplesOfTheCapacity) {
  const auto phases = ParsePhases("0.5x@10s,8x@20s,0.5x@10s", 48);
  ASSERT_TRUE(phases);
  ASSERT_EQ(phases->size(), 3U);
  EXPECT_EQ((*phases)[1].rate, 384);
  EXPECT_EQ((*phases)[1].duration, seconds(20));
  EXPECT_EQ((*phases)[2].text, "0.5x@10s");
}

TEST(Plan, ReadsASpike) {
  const auto phases = ParsePhases("25@5s,400!", 0);
  ASSERT_TRUE(phases);
  EXPECT_EQ(phases->back().burst, 400U);
}

TEST(Plan, SaysWhatIsWrongWithAPhase) {
  for (const char* text : {"", "25", "25@", "25@10", "25@10m", "-1@10s", "nan@1s", "x@1s", "0@1s",
                           "25@2h", "25@4000s", "1.5!", "!", "25@1s,", "2x@1s"}) {
    EXPECT_FALSE(ParsePhases(text, 0)) << text;
  }
  EXPECT_THAT(ParsePhases("25@1s,2x@1s", 0).error(), HasSubstr("'2x@1s'"));
}

TEST(Plan, ReadsRoutesWithWeights) {
  EXPECT_EQ(ParseRoute("/work")->weight, 1);
  EXPECT_EQ(ParseRoute("/work=2.5")->weight, 2.5);
  EXPECT_EQ(ParseRoute("/work?n=3=2")->path, "/work?n=3");
  EXPECT_EQ(ParseRoute("/work?name=x")->path, "/work?name=x");
  EXPECT_FALSE(ParseRoute("work"));
  EXPECT_FALSE(ParseRoute("/a b"));
}

TEST(Plan, RefusesWhatIsTooMuch) {
  Plan plan;
  plan.phases = *ParsePhases("100@10s,50!", 0);
  plan.routes = {{"/"}};
  EXPECT_EQ(ExpectedRequests(plan), 1050);
  EXPECT_TRUE(CheckPlan(plan, 1050));
  EXPECT_THAT(CheckPlan(plan, 1049).error(), HasSubstr("offers 1050 requests"));
  plan.phases = *ParsePhases("0.1@1800s,0.1@1801s", 0);
  EXPECT_THAT(CheckPlan(plan, 1e6).error(), HasSubstr("an hour"));
}

}  // namespace
}  // namespace stirbar
