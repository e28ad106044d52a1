#include "supervisor/evaluate/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsNan;
using testing::NanSensitiveDoubleEq;

class ExpressionTest : public testing::Test {
 protected:
  ExpressionTest() {
    metrics_[MetricId::memory_ratio] = 0.8;
    metrics_[MetricId::cpu_ratio] = 0.5;
    metrics_[MetricId::in_flight] = 3;
    metrics_[MetricId::workers] = 0;
  }

  double ValueOf(const std::string& text) {
    const Result<Expression> parsed = Expression::Parse(text, RuleScope::kApp);
    EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.error();
    ExpressionMemory memory = parsed->NewMemory();
    return parsed->Value(RuleFiguresOf(metrics_), 1'000'000'000, &memory);
  }
  static std::string ErrorOf(const std::string& text, RuleScope scope = RuleScope::kApp) {
    const Result<Expression> parsed = Expression::Parse(text, scope);
    return parsed.ok() ? "it was accepted" : parsed.error();
  }

  MetricValues metrics_;
};

TEST_F(ExpressionTest, ReckonsAsAtSchool) {
  EXPECT_DOUBLE_EQ(ValueOf("memory_ratio"), 0.8);
  EXPECT_DOUBLE_EQ(ValueOf(" 1 - memory_ratio "), 0.2);
  EXPECT_DOUBLE_EQ(ValueOf("2 + 3 * in_flight"), 11);
  EXPECT_DOUBLE_EQ(ValueOf("(2 + 3) * in_flight"), 15);
  EXPECT_DOUBLE_EQ(ValueOf("12 / in_flight / 2"), 2);
  EXPECT_DOUBLE_EQ(ValueOf("10 - 4 - 3"), 3);
  EXPECT_DOUBLE_EQ(ValueOf("-in_flight + 1.5e1"), 12);
  EXPECT_DOUBLE_EQ(ValueOf("--2"), 2);
}

TEST_F(ExpressionTest, HasMinMaxAndAbs) {
  EXPECT_DOUBLE_EQ(ValueOf("max(memory_ratio, cpu_ratio, 0.1)"), 0.8);
  EXPECT_DOUBLE_EQ(ValueOf("min(memory_ratio, cpu_ratio)"), 0.5);
  EXPECT_DOUBLE_EQ(ValueOf("abs(cpu_ratio - memory_ratio)"), 0.3);
}

TEST_F(ExpressionTest, WhatIsNotMeasuredStaysSo) {
  for (const char* const text : {"disk_ratio", "disk_ratio + 1", "max(disk_ratio, memory_ratio)",
                                 "min(memory_ratio, disk_ratio)", "-disk_ratio", "disk_ratio * 0",
                                 "1 / workers", "1e308 * 1e308", "abs(disk_ratio)"}) {
    EXPECT_THAT(ValueOf(text), IsNan()) << text;
  }
}

TEST_F(ExpressionTest, ErrorsNameTheColumn) {
  EXPECT_EQ(ErrorOf(""), "column 1: a figure, a number or '(' is missing at the end");
  EXPECT_EQ(ErrorOf("1 +"), "column 4: a figure, a number or '(' is missing at the end");
  EXPECT_EQ(ErrorOf("(1 + 2"), "column 7: ')' is missing at the end");
  EXPECT_EQ(ErrorOf("1 ; 2"), "column 3: ';' is not expected");
  EXPECT_EQ(ErrorOf("1 + * 2"), "column 5: '*' is not expected; a figure, a number or '(' is");
  EXPECT_THAT(ErrorOf("2 * memory_ration"), HasSubstr("column 5: 'memory_ration' is no figure"));
  EXPECT_THAT(ErrorOf("memory"), HasSubstr("there are memory_ratio, memory_bytes"));
  EXPECT_THAT(ErrorOf("median(cpu_ratio)"), HasSubstr("column 1: 'median' is no function"));
  EXPECT_EQ(ErrorOf("max(cpu_ratio)"), "column 1: max takes two and more");
  EXPECT_THAT(ErrorOf("avg_over(cpu_ratio)"), HasSubstr("',' is missing before ')'"));
  EXPECT_THAT(ErrorOf("avg_over(cpu_ratio, 2h)"), HasSubstr("column 21: '2h' is not allowed"));
  EXPECT_THAT(ErrorOf("avg_over(cpu_ratio, 5)"), HasSubstr("500ms to 1h"));
  EXPECT_THAT(ErrorOf("5m"), HasSubstr("times are only allowed in ..._over()"));
  EXPECT_THAT(ErrorOf("worker_memory_bytes"), HasSubstr("it needs scope = \"worker\""));
  EXPECT_THAT(ErrorOf("cpu_ratio > 0.5"), HasSubstr("column 11: '>' is not expected"));
}

TEST_F(ExpressionTest, DeepNestingAndLongTextsAreRefused) {
  EXPECT_THAT(ErrorOf(std::string(200, '(') + "1" + std::string(199, ')')),
              HasSubstr("nested too deeply"));
  EXPECT_THAT(ErrorOf(std::string(200, '-') + "1"), HasSubstr("nested too deeply"));
  std::string sums;
  for (int i = 0; i < 60; ++i) sums += "(1+";
  EXPECT_THAT(ErrorOf(sums), HasSubstr("nested too deeply"));
  EXPECT_THAT(ErrorOf(std::string(401, '1')), HasSubstr("at most 400 characters"));
}

TEST_F(ExpressionTest, UnitIsThatOfTheOnlyFigure) {
  const auto unit = [](const std::string& text) {
    return Expression::Parse(text, RuleScope::kWorker)->unit();
  };
  EXPECT_EQ(unit("p95_seconds"), MetricUnit::kSeconds);
  EXPECT_EQ(unit("avg_over(p95_seconds, 5m)"), MetricUnit::kSeconds);
  EXPECT_EQ(unit("1 - cache_hit_ratio"), MetricUnit::kRatio);
  EXPECT_EQ(unit("max(cpu_ratio, memory_ratio)"), MetricUnit::kRatio);
  EXPECT_EQ(unit("worker_memory_bytes"), MetricUnit::kBytes);
  EXPECT_EQ(unit("memory_bytes / workers"), MetricUnit::kCount);
  EXPECT_EQ(unit("rate_over(memory_bytes, 10m)"), MetricUnit::kCount);
}

TEST_F(ExpressionTest, FiguresOfAWorkerNeedAWorker) {
  const Result<Expression> parsed =
      Expression::Parse("worker_memory_bytes / 1e6 + in_flight", RuleScope::kWorker);
  ASSERT_TRUE(parsed.ok()) << parsed.error();
  EXPECT_TRUE(parsed->of_worker());
  RuleFigures figures = RuleFiguresOf(metrics_);
  ExpressionMemory memory;
  EXPECT_THAT(parsed->Value(figures, 1, &memory), IsNan());
  WorkerSample worker;
  worker.process.pid = 7;
  worker.process.rss_bytes = 40'000'000;
  SetWorker(worker, &figures);
  EXPECT_DOUBLE_EQ(parsed->Value(figures, 1, &memory), 43);
}

// ------------------------------------------------------------------------------------- over time

class OverTimeTest : public testing::Test {
 protected:
  explicit OverTimeTest() = default;

  // `value` at `seconds` of an expression over cpu_ratio.
  double At(double seconds, double cpu) {
    MetricValues metrics;
    metrics[MetricId::cpu_ratio] = cpu;
    return expression_->Value(RuleFiguresOf(metrics), static_cast<uint64_t>(1e12 + seconds * 1e9),
                              &memory_);
  }
  void Use(const std::string& text) {
    Result<Expression> parsed = Expression::Parse(text, RuleScope::kApp);
    ASSERT_TRUE(parsed.ok()) << parsed.error();
    expression_ = std::move(*parsed);
    memory_ = expression_->NewMemory();
  }

  std::optional<Expression> expression_;
  ExpressionMemory memory_;
};

TEST_F(OverTimeTest, SilentUntilTheTimeHasBeenWatchedOnce) {
  Use("avg_over(cpu_ratio, 1m)");
  for (int second = 0; second < 59; ++second) EXPECT_THAT(At(second, 0.5), IsNan()) << second;
  EXPECT_DOUBLE_EQ(At(60, 0.5), 0.5);
}

TEST_F(OverTimeTest, MeanLeastAndMostOfTheLastMinuteOnly) {
  Use("avg_over(cpu_ratio, 1m)");
  for (int second = 0; second < 100; ++second) At(second, second < 40 ? 1 : 0.25);
  EXPECT_NEAR(At(100, 0.25), 0.25, 0.02);  // what was before 40 s is out, to a slice's width
  Use("max_over(cpu_ratio, 1m)");
  for (int second = 0; second < 100; ++second) At(second, second == 50 ? 0.9 : 0.1);
  EXPECT_DOUBLE_EQ(At(100, 0.1), 0.9);
  for (int second = 101; second < 112; ++second) At(second, 0.1);
  EXPECT_DOUBLE_EQ(At(112, 0.1), 0.1);
  Use("min_over(cpu_ratio, 1m)");
  for (int second = 0; second < 100; ++second) At(second, second == 50 ? 0.05 : 0.7);
  EXPECT_DOUBLE_EQ(At(100, 0.7), 0.05);
}

TEST_F(OverTimeTest, RateIsPerSecond) {
  Use("rate_over(cpu_ratio, 1m)");
  double rate = 0;
  for (int second = 0; second <= 200; ++second) rate = At(second, 0.002 * second);
  EXPECT_NEAR(rate, 0.002, 1e-6);
}

TEST_F(OverTimeTest, MissingValuesAreLeftOut) {
  Use("avg_over(cpu_ratio, 1m)");
  for (int second = 0; second < 70; ++second) At(second, second % 2 == 0 ? 0.4 : kNotMeasured);
  EXPECT_DOUBLE_EQ(At(70, kNotMeasured), 0.4);
  double last = 0;
  for (int second = 71; second < 140; ++second) last = At(second, kNotMeasured);
  EXPECT_THAT(last, IsNan());
}

TEST_F(OverTimeTest, FiguresOncePerMinuteAreEnough) {
  Use("avg_over(cpu_ratio, 5m)");
  EXPECT_THAT(At(0, 1), IsNan());
  for (int minute = 1; minute < 5; ++minute) EXPECT_THAT(At(minute * 60, 1), IsNan());
  EXPECT_DOUBLE_EQ(At(300, 1), 1);
}

}  // namespace
}  // namespace stirbar
