#include "supervisor/evaluate/sink_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/default_evaluator.h"
#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

std::optional<Finding> Found(Evaluator* evaluator, SampleBuilder* sample, double at,
                             double failing) {
  sample->At(at);
  SinkSample works;
  works.name = "log";
  SinkSample fails;
  fails.name = "ops";
  fails.kind = "webhook";
  fails.target = "https://hooks.example";
  fails.failing_seconds = failing;
  fails.last_error = "it answers 503";
  fails.waiting = 3;
  (*sample)->alerting.sinks = {works, fails};
  for (const Finding& finding : evaluator->Evaluate(**sample).assessment.findings) {
    if (finding.rule == "alert_sinks") return finding;
  }
  return std::nullopt;
}

TEST(AlertSinksRule, WarnsWhenASinkHasTakenNothingForTooLong) {
  const auto evaluator = MakeEvaluator();
  SampleBuilder sample;
  sample.Worker();
  EXPECT_FALSE(Found(evaluator.get(), &sample, 0, 0));
  EXPECT_FALSE(Found(evaluator.get(), &sample, 1, 299));
  const auto finding = Found(evaluator.get(), &sample, 2, 301);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->component, "alerts");
  EXPECT_EQ(finding->severity, Status::kWarning);
  EXPECT_THAT(finding->message, HasSubstr("sink ops (webhook, https://hooks.example)"));
  EXPECT_THAT(finding->message, HasSubstr("it answers 503; 3 messages wait for it"));
  EXPECT_TRUE(Found(evaluator.get(), &sample, 3, 0));  // calm, but not for long enough
  EXPECT_FALSE(Found(evaluator.get(), &sample, 9, 0));
}

}  // namespace
}  // namespace stirbar
