#include "supervisor/collect/database_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <thread>

#include "supervisor/collect/fake_database.h"

namespace stirbar {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

DatabaseAccount Account(const std::string& host) {
  DatabaseAccount account;
  account.host = host;
  return account;
}

Tick TickAfter(Nanoseconds later = {}) {
  return {.now_ns = MonotonicNs() + static_cast<uint64_t>(later.count()),
          .wall_ns = WallNs(),
          .full = true};
}

// Collects until `done`, at most 10 s: the threads need a moment.
template <typename Condition>
std::vector<DatabaseServerSample> CollectUntil(DatabaseCollector* collector, Condition done) {
  Sample sample;
  const auto until = std::chrono::steady_clock::now() + 10s;
  do {
    std::this_thread::yield();
    collector->Collect(TickAfter(), &sample);
  } while (!done(sample.databases) && std::chrono::steady_clock::now() < until);
  return sample.databases;
}

TEST(DatabaseCollector, WithoutServersDoesNothing) {
  DatabaseCollector collector({}, nullptr);
  Sample sample;
  collector.Collect(TickAfter(), &sample);
  EXPECT_THAT(sample.databases, IsEmpty());
}

TEST(DatabaseCollector, ShowsWhatEachServerSays) {
  DatabaseCollector collector(
      {Account("one"), Account("two")},
      [](const DatabaseAccount& account, DatabaseFault* fault) -> std::unique_ptr<FakeDatabase> {
        if (account.host == "one") return std::make_unique<FakeDatabase>();
        *fault = {1045, "error 1045: access denied"};
        return nullptr;
      });
  const auto databases =
      CollectUntil(&collector, [](const auto& seen) { return seen.size() == 2; });
  ASSERT_THAT(databases, SizeIs(2));
  EXPECT_EQ(databases[0].name, "one:3306");
  EXPECT_EQ(databases[0].connections, 7U);
  EXPECT_EQ(databases[0].max_connections, 151U);
  EXPECT_EQ(databases[0].unavailable_since_wall, 0);
  EXPECT_LT(databases[0].answered_age_seconds, 10);
  EXPECT_EQ(databases[1].name, "two:3306");
  EXPECT_EQ(databases[1].error, "error 1045: access denied");
  EXPECT_GT(databases[1].unavailable_since_wall, 1'000'000'000);
  EXPECT_TRUE(std::isnan(databases[1].answered_age_seconds));
}

TEST(DatabaseCollector, AServerThatGoesKeepsWhatHoldsForGood) {
  // Answers one round, and is gone.
  class Dying : public FakeDatabase {
   public:
    std::optional<DatabaseTable> Query(const std::string& statement) override {
      if (statements.size() == 4) faults[""] = {2013, "error 2013: lost"};
      return FakeDatabase::Query(statement);
    }
  };
  DatabaseCollector collector({Account("one")}, [](const DatabaseAccount&, DatabaseFault*) {
    return std::make_unique<Dying>();
  });
  const auto down = CollectUntil(
      &collector, [](const auto& seen) { return !seen.empty() && !seen[0].error.empty(); });
  ASSERT_THAT(down, SizeIs(1));
  EXPECT_EQ(down[0].error, "error 2013: lost");
  EXPECT_GT(down[0].unavailable_since_wall, 1'000'000'000);
  EXPECT_EQ(down[0].version, "10.11.6-MariaDB");
  EXPECT_EQ(down[0].max_connections, 151U);
  EXPECT_EQ(down[0].connections, 0U);
  EXPECT_GE(down[0].answered_age_seconds, 0.5);
  // The next connection answers one round too.
  const auto back = CollectUntil(
      &collector, [](const auto& seen) { return !seen.empty() && seen[0].error.empty(); });
  EXPECT_EQ(back.at(0).unavailable_since_wall, 0);
  EXPECT_EQ(back.at(0).connections, 7U);
}

TEST(DatabaseCollector, NeitherWaitsForAServerNorForItsThread) {
  std::promise<void> asked;
  std::promise<void> release;
  const auto released = release.get_future().share();
  auto collector = std::make_unique<DatabaseCollector>(
      std::vector{Account("one")},
      [&asked, released](const DatabaseAccount&, DatabaseFault*) -> std::unique_ptr<FakeDatabase> {
        asked.set_value();
        released.wait();
        return nullptr;
      });
  asked.get_future().wait();
  Sample sample;
  const auto began = std::chrono::steady_clock::now();
  collector->Collect(TickAfter(2s), &sample);
  EXPECT_THAT(sample.databases, IsEmpty());  // may still answer
  collector->Collect(TickAfter(7s), &sample);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  ASSERT_THAT(sample.databases, SizeIs(1));
  EXPECT_EQ(sample.databases[0].error, "no answer for 7 s");
  collector.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  release.set_value();
}

TEST(DatabasePause, GrowsToFiveSeconds) {
  EXPECT_EQ(DatabasePause(1, 2003), 1s);
  EXPECT_EQ(DatabasePause(2, 2003), 2s);
  EXPECT_EQ(DatabasePause(3, 2013), 4s);
  EXPECT_EQ(DatabasePause(4, 2003), 5s);
  EXPECT_EQ(DatabasePause(4'000'000'000, 2003), 5s);
}

TEST(DatabasePause, IsLongWhereTheAccountIsRefused) {
  EXPECT_EQ(DatabasePause(1, 1045), 1s);
  EXPECT_EQ(DatabasePause(6, 1045), 32s);
  EXPECT_EQ(DatabasePause(30, 1045), 60s);
  EXPECT_EQ(DatabasePause(30, 0), 60s);
}

}  // namespace
}  // namespace stirbar
