#include "supervisor/metric_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

namespace stirbar {
namespace {

using testing::HasSubstr;

class CsvTest : public testing::Test {
 protected:
  ~CsvTest() override { unlink(path_.c_str()); }
  Result<std::unique_ptr<MetricSeries>> Open(const std::string& text) {
    std::ofstream(path_) << text;
    return OpenCsv(path_);
  }
  std::string HeadErrorOf(const std::string& text) {
    const auto series = Open(text);
    return series.ok() ? "it was accepted" : series.error();
  }
  // What is wrong with the first line that is.
  std::string ErrorOf(const std::string& text) {
    auto series = Open(text);
    if (!series.ok()) return series.error();
    for (;;) {
      const auto point = (*series)->Next();
      if (!point.ok()) return point.error();
      if (!point->has_value()) return "it was accepted";
    }
  }

  const std::string path_ = testing::TempDir() + "figures-" + std::to_string(getpid()) + ".csv";
};

TEST_F(CsvTest, ReadsFiguresByName) {
  auto series = Open("time,cpu_ratio,unknown,\"memory_ratio\"\r\n10,0.5,7,\r\n11.5,,8,0.25\n\n");
  ASSERT_TRUE(series.ok()) << series.error();
  const auto first = (*series)->Next();
  ASSERT_TRUE(first.ok() && first->has_value());
  EXPECT_DOUBLE_EQ((**first).time, 10);
  EXPECT_DOUBLE_EQ((**first).values[MetricId::cpu_ratio], 0.5);
  EXPECT_TRUE(std::isnan((**first).values[MetricId::memory_ratio]));
  const auto second = (*series)->Next();
  ASSERT_TRUE(second.ok() && second->has_value());
  EXPECT_DOUBLE_EQ((**second).values[MetricId::memory_ratio], 0.25);
  const auto end = (*series)->Next();
  EXPECT_TRUE(end.ok() && !end->has_value());
}

TEST_F(CsvTest, NamesTheLineOfWhatIsWrong) {
  EXPECT_THAT(HeadErrorOf(""), HasSubstr(":1: the file is empty"));
  EXPECT_THAT(HeadErrorOf("cpu_ratio,time\n"), HasSubstr("the first column is not 'time'"));
  EXPECT_THAT(HeadErrorOf("time,x\n"), HasSubstr("no column is a figure"));
  EXPECT_THAT(ErrorOf("time,cpu_ratio\n1,0.5\n2\n"), HasSubstr(":3: 1 fields, the head has 2"));
  EXPECT_THAT(ErrorOf("time,cpu_ratio\n1,high\n"), HasSubstr(":2: 'high' in column 2"));
  EXPECT_THAT(ErrorOf("time,cpu_ratio\n5,1\n4,1\n"), HasSubstr(":3: the time lies before"));
  EXPECT_THAT(ErrorOf("time,cpu_ratio\nnan,1\n"), HasSubstr("seconds since 1970"));
  EXPECT_THAT(OpenCsv("/nonexistent.csv").error(), HasSubstr("open /nonexistent.csv"));
}

}  // namespace
}  // namespace stirbar
