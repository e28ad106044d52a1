#include "supervisor/evaluate/history_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "supervisor/evaluate/default_evaluator.h"
#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

constexpr uint64_t kSecondNs = 1'000'000'000;

// What is said of two exports, of which one has failed for `failing` seconds.
Assessment Assessed(Evaluator* evaluator, SampleBuilder* sample, double at, uint64_t failing) {
  sample->At(at);
  ExportSample works;
  works.name = "mysql";
  works.kind = "mysql";
  works.target = "db.example:3306/metrics";
  ExportSample fails;
  fails.name = "collector";
  fails.kind = "otlp";
  fails.target = "http://otlp.example:4318";
  fails.error = "it answers 503";
  fails.behind_seconds = 312;
  if (failing > 0) {
    fails.failing_since_wall_ns = (*sample)->tick.wall_ns - failing * kSecondNs;
  }
  (*sample)->history.exports = {works, fails};
  return evaluator->Evaluate(**sample).assessment;
}

std::optional<Finding> Found(const Assessment& assessment) {
  for (const Finding& finding : assessment.findings) {
    if (finding.rule == "exports") return finding;
  }
  return std::nullopt;
}

TEST(ExportsRule, WarnsWhenAnExportHasFailedForTooLong) {
  const auto evaluator = MakeEvaluator();
  SampleBuilder sample;
  sample.Worker();
  EXPECT_FALSE(Found(Assessed(evaluator.get(), &sample, 1000, 0)));
  EXPECT_FALSE(Found(Assessed(evaluator.get(), &sample, 1001, 299)));
  const Assessment assessment = Assessed(evaluator.get(), &sample, 1002, 301);
  const auto finding = Found(assessment);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->component, "history");
  EXPECT_EQ(finding->severity, Status::kWarning);
  EXPECT_THAT(finding->message, HasSubstr("export collector (otlp, http://otlp.example:4318)"));
  EXPECT_THAT(finding->message, HasSubstr("it answers 503"));
  const auto advice =
      std::find_if(assessment.recommendations.begin(), assessment.recommendations.end(),
                   [](const auto& each) { return each.rule == "exports"; });
  ASSERT_NE(advice, assessment.recommendations.end());
  EXPECT_THAT(advice->text, HasSubstr("See to the receiver of export collector"));
  EXPECT_THAT(advice->evidence, HasSubstr("behind: it answers 503"));
  EXPECT_EQ(advice->page, "/history");
  EXPECT_FALSE(Found(Assessed(evaluator.get(), &sample, 1009, 0)) &&
               Found(Assessed(evaluator.get(), &sample, 1020, 0)));
}

TEST(ExportsRule, EachExportIsADependencyOfTheHistory) {
  const auto evaluator = MakeEvaluator();
  SampleBuilder sample;
  sample.Worker();
  const Assessment assessment = Assessed(evaluator.get(), &sample, 1000, 12);
  ASSERT_EQ(assessment.dependencies.size(), 2U);
  EXPECT_EQ(assessment.dependencies[0].name, "collector");  // worst first
  EXPECT_EQ(assessment.dependencies[0].component, "history");
  EXPECT_EQ(assessment.dependencies[0].kind, "export");
  EXPECT_EQ(assessment.dependencies[0].status, Status::kWarning);
  EXPECT_THAT(assessment.dependencies[0].reason, HasSubstr("it answers 503"));
  EXPECT_EQ(assessment.dependencies[1].status, Status::kHealthy);
}

}  // namespace
}  // namespace stirbar
