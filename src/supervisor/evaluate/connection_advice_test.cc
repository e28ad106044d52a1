#include "supervisor/evaluate/connection_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/sample_builder.h"

namespace stirbar {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ConnectionAdviceTest : public testing::Test {
 protected:
  ConnectionAdviceTest() {
    for (int i = 0; i < 4; ++i) sample_.Worker().capacity = 8;
    PoolSample pool;
    pool.name = "mysql://db.example.org:3306/shop";
    pool.workers = 4;
    pool.size = 5;
    pool.max_overflow = 10;
    pool.capacity = 60;
    pool.lifetime_seconds = 1800;
    TargetSample target;
    target.name = "db.example.org:3306";
    pool.targets = {target};
    sample_->pools = {pool};
    DatabaseServerSample server;
    server.name = "db.example.org:3306";
    server.version = "10.11.6-MariaDB";
    server.max_connections = 151;
    server.wait_timeout_seconds = 28'800;
    sample_->databases = {server};
  }
  PoolSample& pool() { return sample_->pools[0]; }
  DatabaseServerSample& server() { return sample_->databases[0]; }
  std::vector<Recommendation> Advice() { return AdviseConnections(*sample_); }

  SampleBuilder sample_;
};

TEST_F(ConnectionAdviceTest, GoodSettingsGetNone) { EXPECT_THAT(Advice(), IsEmpty()); }

TEST_F(ConnectionAdviceTest, WorkersTimesPoolStaysBelowTheServersLimit) {
  server().max_connections = 70;
  ASSERT_THAT(Advice(), SizeIs(1));
  const Recommendation advice = Advice()[0];
  EXPECT_EQ(advice.severity, Status::kWarning);
  EXPECT_EQ(advice.text,
            "Lower pool_size + max_overflow of mysql://db.example.org:3306/shop to 14 (now 15), or "
            "raise max_connections of db.example.org:3306 to 75 (now 70).");
  EXPECT_EQ(advice.evidence,
            "4 workers x (5 + 10) of mysql://db.example.org:3306/shop = 60 connections; 80 % "
            "(database_connection_ratio) of max_connections are 56");
  server().max_connections = 50;
  EXPECT_EQ(Advice()[0].severity, Status::kCritical);
}

TEST_F(ConnectionAdviceTest, WorkersThatHaveNotConnectedYetCount) {
  server().max_connections = 70;
  pool().workers = 1;
  pool().capacity = 15;
  EXPECT_THAT(Advice()[0].evidence, HasSubstr("4 workers x (5 + 10)"));
}

TEST_F(ConnectionAdviceTest, AnUnlimitedPoolGetsALimit) {
  pool().capacity = 0;
  pool().max_overflow = UINT32_MAX;
  ASSERT_THAT(Advice(), SizeIs(1));
  EXPECT_THAT(Advice()[0].text, HasSubstr("a limit: pool_size 30, max_overflow 0"));
}

TEST_F(ConnectionAdviceTest, ConnectionsAreRenewedBeforeTheServerClosesThem) {
  server().wait_timeout_seconds = 100;
  ASSERT_THAT(Advice(), SizeIs(1)) << "kept alive every 120 s";
  EXPECT_THAT(Advice()[0].text,
              AllOf(HasSubstr("90 s or less"), HasSubstr("STIRBAR_POOL_LIFETIME=90")));
  sample_->settings.pool_keep_alive = 60;
  EXPECT_THAT(Advice(), IsEmpty());
  pool().fair = false;
  EXPECT_THAT(Advice()[0].text, HasSubstr("pool_recycle=90"));
  pool().lifetime_seconds = 0;
  EXPECT_THAT(Advice()[0].evidence, HasSubstr("can be idle without end"));
}

TEST_F(ConnectionAdviceTest, PoolSizeFollowsWhatIsUsedAtOnce) {
  pool().active_p95 = 4;
  EXPECT_THAT(Advice(), IsEmpty());
  pool().active_p95 = 7;
  pool().active_max = 11;
  ASSERT_THAT(Advice(), SizeIs(1));
  EXPECT_THAT(Advice()[0].text, HasSubstr("Set pool_size of"));
  EXPECT_THAT(Advice()[0].text, HasSubstr("to 8 (now 5)"));
  EXPECT_THAT(Advice()[0].evidence, HasSubstr("is 7 (most: 11)"));
}

TEST_F(ConnectionAdviceTest, ThreadsThatHoldSeveralNeedAFloor) {
  pool().held_at_once = 2;
  EXPECT_THAT(Advice(), IsEmpty()) << "8 x (2 - 1) + 1 = 9 of 15";
  pool().held_at_once = 3;
  ASSERT_THAT(Advice(), SizeIs(1));
  EXPECT_EQ(Advice()[0].severity, Status::kCritical);
  EXPECT_THAT(Advice()[0].text, HasSubstr("to 17 at least (now 15)"));
  EXPECT_THAT(Advice()[0].evidence, HasSubstr("8 threads x (3 - 1) + 1 = 17"));
}

TEST_F(ConnectionAdviceTest, LeaksNameRouteLineAndHowToGiveBack) {
  LeakSample leak;
  leak.count = 12;
  leak.returned = 2;
  leak.kind = LeakKind::kConfirmed;
  leak.pool_name = pool().name;
  leak.route_label = "GET /leak";
  leak.stack = {{"leak", "/srv/app.py", 41}};
  sample_->leaks = {leak};
  const std::pair<HolderKind, const char*> cases[] = {
      {HolderKind::kConnection, "`with engine.connect() as connection:`"},
      {HolderKind::kUnknown, "`with engine.connect() as connection:`"},
      {HolderKind::kRaw, "contextlib.closing"},
      {HolderKind::kSession, "`with Session(engine) as session:`"},
      {HolderKind::kFlaskSession, "`db.session.remove()`"}};
  for (const auto& [holder, words] : cases) {
    sample_->leaks[0].holder = holder;
    ASSERT_THAT(Advice(), SizeIs(1));
    EXPECT_THAT(Advice()[0].text,
                AllOf(HasSubstr("GET /leak at /srv/app.py:41 in leak"), HasSubstr(words)));
    EXPECT_THAT(Advice()[0].evidence,
                AllOf(HasSubstr("12 connections"), HasSubstr("2 came back later")));
  }
  sample_->leaks[0].kind = LeakKind::kSuspect;
  EXPECT_THAT(Advice(), IsEmpty());
}

TEST_F(ConnectionAdviceTest, SlowStatementsAreSaidOnceEach) {
  for (int i = 0; i < 4; ++i) {
    SlowQuerySample query;
    query.seconds = 2 + i;
    query.text = i < 3 ? "SELECT * FROM item" : "SELECT 1";
    query.route_label = "GET /item";
    sample_->slow_queries.push_back(query);
  }
  ASSERT_THAT(Advice(), SizeIs(2));
  EXPECT_THAT(Advice()[0].text, HasSubstr("GET /item: SELECT * FROM item"));
  EXPECT_THAT(Advice()[0].evidence, AllOf(HasSubstr("3 of"), HasSubstr("the longest 4.0 s")));
}

}  // namespace
}  // namespace stirbar
