#include "supervisor/collect/database_figures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stirbar {
namespace {

// A server whose counters a test moves on.
class DatabaseFiguresTest : public testing::Test {
 protected:
  // The figures `seconds` after the first round.
  DatabaseServerSample At(double seconds) {
    DatabaseRound round;
    round.asked_ns = 1'000'000'000'000 + static_cast<uint64_t>(seconds * 1e9);
    round.own_statements = own_statements_;
    for (const auto& [name, value] : status_) round.status[name] = std::to_string(value);
    round.status["uptime"] = std::to_string(static_cast<uint64_t>(started_ + seconds));
    round.variables = variables_;
    DatabaseServerSample sample;
    figures_.Add(round, &sample);
    return sample;
  }

  DatabaseFigures figures_;
  double started_ = 1000;  // uptime at the first round
  uint64_t own_statements_ = 1;
  std::map<std::string, uint64_t> status_{{"questions", 5000},
                                          {"slow_queries", 3},
                                          {"innodb_row_lock_waits", 10},
                                          {"aborted_clients", 2},
                                          {"innodb_row_lock_time", 4000},
                                          {"threads_connected", 7},
                                          {"innodb_buffer_pool_read_requests", 1000},
                                          {"innodb_buffer_pool_reads", 900}};
  std::map<std::string, std::string> variables_{
      {"max_connections", "151"}, {"wait_timeout", "28800"}, {"read_only", "OFF"}};
};

TEST_F(DatabaseFiguresTest, FirstRoundHasNoRates) {
  const DatabaseServerSample sample = At(0);
  EXPECT_EQ(sample.connections, 7U);
  EXPECT_EQ(sample.max_connections, 151U);
  EXPECT_EQ(sample.wait_timeout_seconds, 28800U);
  EXPECT_EQ(sample.aborted_clients, 2U);
  EXPECT_EQ(sample.uptime_seconds, 1000U);
  EXPECT_FALSE(sample.read_only);
  EXPECT_TRUE(std::isnan(sample.queries_per_second));
  EXPECT_TRUE(std::isnan(sample.slow_queries_per_second));
  EXPECT_TRUE(std::isnan(sample.lock_wait_mean_seconds));
  EXPECT_TRUE(std::isnan(sample.buffer_pool_hit_ratio));
}

TEST_F(DatabaseFiguresTest, RatesAreOverTwoRoundsAndWithoutOurOwn) {
  At(0);
  status_["questions"] += 204;
  own_statements_ += 4;
  status_["slow_queries"] += 1;
  EXPECT_DOUBLE_EQ(At(2).queries_per_second, 100);
  EXPECT_DOUBLE_EQ(At(4).queries_per_second, 0);
  status_["slow_queries"] += 1;
  EXPECT_DOUBLE_EQ(At(6).slow_queries_per_second, 0.5);
}

TEST_F(DatabaseFiguresTest, RatiosAreOverTheMinute) {
  At(0);
  status_["innodb_row_lock_waits"] += 4;
  status_["innodb_row_lock_time"] += 6000;
  status_["innodb_buffer_pool_read_requests"] += 200;
  status_["innodb_buffer_pool_reads"] += 50;
  EXPECT_DOUBLE_EQ(At(1).lock_waits_per_second, 4);
  for (int second = 2; second < 60; ++second) At(second);
  const DatabaseServerSample sample = At(60);
  EXPECT_DOUBLE_EQ(sample.lock_wait_mean_seconds, 1.5);
  EXPECT_DOUBLE_EQ(sample.buffer_pool_hit_ratio, 0.75);
  EXPECT_DOUBLE_EQ(sample.lock_waits_per_second, 0);
  EXPECT_TRUE(std::isnan(At(61).lock_wait_mean_seconds));
}

TEST_F(DatabaseFiguresTest, ARestartBeginsAnew) {
  At(0);
  started_ = -1;  // a server that came up after 1 s
  status_ = {{"questions", 40}};
  own_statements_ += 5;
  EXPECT_TRUE(std::isnan(At(3).queries_per_second));
  status_["questions"] += 12;
  own_statements_ += 4;
  EXPECT_DOUBLE_EQ(At(4).queries_per_second, 8);
}

TEST_F(DatabaseFiguresTest, ARestartIsSeenThoughItsCountersAreHigher) {
  started_ = 2;
  At(0);
  started_ = -3;
  status_["questions"] += 1000;
  EXPECT_TRUE(std::isnan(At(7).queries_per_second));
}

TEST_F(DatabaseFiguresTest, ResetCountersBeginAnew) {
  At(0);
  status_["innodb_buffer_pool_read_requests"] = 5;
  EXPECT_TRUE(std::isnan(At(1).buffer_pool_hit_ratio));
  status_["innodb_buffer_pool_read_requests"] = 10;
  EXPECT_DOUBLE_EQ(At(2).buffer_pool_hit_ratio, 1);
}

TEST_F(DatabaseFiguresTest, EitherVariableMakesItReadOnly) {
  variables_["read_only"] = "ON";
  EXPECT_TRUE(At(0).read_only);
  variables_ = {{"read_only", "OFF"}, {"super_read_only", "ON"}};
  EXPECT_TRUE(At(1).read_only);
  variables_ = {};
  EXPECT_FALSE(At(2).read_only);
}

}  // namespace
}  // namespace stirbar
