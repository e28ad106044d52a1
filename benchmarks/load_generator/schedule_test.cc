#include "load_generator/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stirbar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Plan PlanOf(const char* phases, Arrivals arrivals) {
  Plan plan;
  plan.phases = *ParsePhases(phases, 0);
  plan.routes = {{"/a", 3}, {"/b", 1}};
  plan.arrivals = arrivals;
  return plan;
}

std::vector<Arrival> All(const Plan& plan) {
  Schedule schedule(plan);
  std::vector<Arrival> all;
  while (const auto arrival = schedule.Next()) all.push_back(*arrival);
  return all;
}

TEST(Schedule, UniformArrivalsAreEvenlySpacedInEachPhase) {
  const std::vector<Arrival> all = All(PlanOf("2@1s,4@1s", Arrivals::kUniform));
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(all[1].at, milliseconds(500));
  EXPECT_EQ(all[2].at, seconds(1));
  EXPECT_EQ(all[2].phase, 1U);
  EXPECT_EQ(all[5].at, milliseconds(1750));
}

TEST(Schedule, ASpikeComesAtOnce) {
  const std::vector<Arrival> all = All(PlanOf("1@2s,3!,1@1s", Arrivals::kUniform));
  ASSERT_EQ(all.size(), 6U);
  for (size_t i = 2; i < 5; ++i) EXPECT_EQ(all[i].at, seconds(2));
  EXPECT_EQ(all[5].phase, 2U);
  EXPECT_EQ(all[5].at, seconds(2));
}

TEST(Schedule, PoissonArrivalsHaveTheRateAndItsScatter) {
  const std::vector<Arrival> all = All(PlanOf("1000@100s", Arrivals::kPoisson));
  // 100,000 expected, standard deviation 316.
  EXPECT_NEAR(static_cast<double>(all.size()), 100'000, 1'500);
  double sum = 0;
  double squares = 0;
  for (size_t i = 1; i < all.size(); ++i) {
    const double gap = std::chrono::duration<double>(all[i].at - all[i - 1].at).count();
    ASSERT_GE(gap, 0);
    sum += gap;
    squares += gap * gap;
  }
  const auto gaps = static_cast<double>(all.size() - 1);
  const double mean = sum / gaps;
  EXPECT_NEAR(mean, 1e-3, 2e-5);
  EXPECT_NEAR(std::sqrt(squares / gaps - mean * mean), mean, 0.05 * mean);
}

TEST(Schedule, RoutesHaveTheirShare) {
  const std::vector<Arrival> all = All(PlanOf("1000@20s", Arrivals::kUniform));
  size_t first = 0;
  for (const Arrival& arrival : all) first += arrival.route == 0 ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(first) / static_cast<double>(all.size()), 0.75, 0.02);
}

TEST(Schedule, TheSameSeedGivesTheSameArrivals) {
  Plan plan = PlanOf("100@1s", Arrivals::kPoisson);
  const std::vector<Arrival> once = All(plan);
  const std::vector<Arrival> again = All(plan);
  ASSERT_EQ(once.size(), again.size());
  EXPECT_EQ(once.back().at, again.back().at);
  plan.seed = 2;
  EXPECT_NE(All(plan).front().at, once.front().at);
}

}  // namespace
}  // namespace stirbar
