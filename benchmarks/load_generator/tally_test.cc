#include "load_generator/tally.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stirbar {
namespace {

using std::chrono::milliseconds;

Record Ended(Outcome outcome, milliseconds latency) {
  Record record;
  record.outcome = outcome;
  record.latency = latency;
  return record;
}

TEST(Tally, CountsEachOutcomeApart) {
  const Record in_time = Ended(Outcome::kInTime, milliseconds(20));
  const Record late = Ended(Outcome::kLate, milliseconds(2000));
  const Record refused = Ended(Outcome::kRefused, milliseconds(3));
  const Record gave_up = Ended(Outcome::kGaveUp, milliseconds(1000));
  const Summary summary({&in_time, &late, &refused, &gave_up});
  EXPECT_EQ(summary.offered, 4U);
  EXPECT_EQ(summary[Outcome::kInTime], 1U);
  EXPECT_EQ(summary[Outcome::kGaveUp], 1U);
  EXPECT_EQ(summary[Outcome::kReset], 0U);
  EXPECT_DOUBLE_EQ(summary.accepted.max, 2);
  EXPECT_DOUBLE_EQ(summary.refused.max, 0.003);
}

TEST(Tally, NoAnswerHasNoLatency) {
  const Summary summary({});
  EXPECT_EQ(summary.offered, 0U);
  EXPECT_TRUE(std::isnan(summary.accepted.p50));
}

TEST(Tally, PercentilesAreMeasuredValues) {
  std::vector<std::chrono::nanoseconds> latencies;
  for (int i = 100; i >= 1; --i) latencies.emplace_back(milliseconds(i));
  const Percentiles seconds(latencies);
  EXPECT_DOUBLE_EQ(seconds.p50, 0.051);
  EXPECT_DOUBLE_EQ(seconds.p99, 0.1);
  EXPECT_DOUBLE_EQ(seconds.max, 0.1);
}

}  // namespace
}  // namespace stirbar
