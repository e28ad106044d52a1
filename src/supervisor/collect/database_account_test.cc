#include "supervisor/collect/database_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::Not;

DatabaseAccount Read(std::string_view url) {
  const auto accounts = ParseDatabaseUrls(url, "of the file");
  EXPECT_TRUE(accounts.ok()) << (accounts.ok() ? "" : accounts.error());
  if (!accounts.ok() || accounts->size() != 1) return {};
  return accounts->front();
}

std::string Fault(std::string_view urls) {
  const auto accounts = ParseDatabaseUrls(urls, "");
  return accounts.ok() ? "" : accounts.error();
}

TEST(DatabaseAccount, ReadsHostAndPort) {
  const DatabaseAccount account = Read("mysql://stirbar:secret@db.example.org:3307");
  EXPECT_EQ(account.user, "stirbar");
  EXPECT_EQ(account.password, "secret");
  EXPECT_EQ(account.host, "db.example.org");
  EXPECT_EQ(account.port, 3307);
  EXPECT_EQ(account.name(), "db.example.org:3307");
}

TEST(DatabaseAccount, HasDefaults) {
  const DatabaseAccount account = Read(" mariadb://stirbar@localhost\n");
  EXPECT_EQ(account.port, 3306);
  EXPECT_EQ(account.password, "of the file");
  EXPECT_EQ(account.ssl_ca, "");
}

TEST(DatabaseAccount, TakesAnEnginesUrl) {
  const DatabaseAccount account =
      Read("mysql+pymysql://shop:a@localhost/shop?charset=utf8mb4&ssl_ca=/etc/ca.pem");
  EXPECT_EQ(account.name(), "localhost:3306");
  EXPECT_EQ(account.ssl_ca, "/etc/ca.pem");
}

TEST(DatabaseAccount, ReadsUnixSockets) {
  const DatabaseAccount account = Read("mysql://a:b@/?unix_socket=/run/my%20sql.sock");
  EXPECT_EQ(account.unix_socket, "/run/my sql.sock");
  EXPECT_EQ(account.name(), "/run/my sql.sock");
}

TEST(DatabaseAccount, ReadsAddressesOfVersion6) {
  EXPECT_EQ(Read("mysql://a:b@[::1]:3307").name(), "[::1]:3307");
  EXPECT_EQ(Read("mysql://a:b@[::1]").name(), "[::1]:3306");
  EXPECT_EQ(Read("mysql://a:b@[::1]").host, "::1");
}

TEST(DatabaseAccount, DecodesUserAndPassword) {
  const DatabaseAccount account = Read("mysql://a%40b:c%2C%2fd:e@f%25@localhost");
  EXPECT_EQ(account.user, "a@b");
  EXPECT_EQ(account.password, "c,/d:e@f%");
}

TEST(DatabaseAccount, ReadsSeveral) {
  const auto accounts = ParseDatabaseUrls("mysql://a:b@one, mysql://a@two:1,", "p");
  ASSERT_TRUE(accounts.ok());
  ASSERT_EQ(accounts->size(), 2U);
  EXPECT_EQ((*accounts)[0].password, "b");
  EXPECT_EQ((*accounts)[1].name(), "two:1");
  EXPECT_EQ((*accounts)[1].password, "p");
  EXPECT_TRUE(ParseDatabaseUrls("", "")->empty());
}

TEST(DatabaseAccount, RefusesAndSaysWhatIsAllowed) {
  EXPECT_THAT(Fault("localhost:3306"), HasSubstr("database URL 1 is no URL; it takes mysql://"));
  EXPECT_THAT(Fault("postgresql://a:b@localhost"), HasSubstr("scheme"));
  EXPECT_THAT(Fault("mysql://localhost"), HasSubstr("names no user"));
  EXPECT_THAT(Fault("mysql://:b@localhost"), HasSubstr("names no user"));
  EXPECT_THAT(Fault("mysql://a:b@"), HasSubstr("neither a host nor"));
  EXPECT_THAT(Fault("mysql://a:b@h:0"), HasSubstr("1 to 65535"));
  EXPECT_THAT(Fault("mysql://a:b@h:99999"), HasSubstr("1 to 65535"));
  EXPECT_THAT(Fault("mysql://a:b@h:33x"), HasSubstr("1 to 65535"));
  EXPECT_THAT(Fault("mysql://a:b@[::1"), HasSubstr("']'"));
  EXPECT_THAT(Fault("mysql://a:b%4@h"), HasSubstr("%25"));
  EXPECT_THAT(Fault("mysql://a:b@h?read_default_file=/x"), HasSubstr("unix_socket, ssl_ca"));
  EXPECT_THAT(Fault("mysql://a:b@h?ssl_ca=x"), HasSubstr("path"));
  EXPECT_THAT(Fault("mysql://a:b@h,mysql://c:d@h:3306"), HasSubstr("URL 2 names the same server"));
}

TEST(DatabaseAccount, ErrorsShowNothingOfTheUrl) {
  for (const char* url :
       {"secret", "secret://secret", "mysql://secret:secret", "mysql://a:secret/secret@h",
        "mysql://a:sec%ret@h", "mysql://a:b@h:secret", "mysql://a:b@h?secret=secret",
        "mysql://a:b@h?ssl_ca=secret", "mysql://a:b@[secret"}) {
    EXPECT_THAT(Fault(url), Not(HasSubstr("ecret"))) << url;
    EXPECT_THAT(Fault(url), HasSubstr("database URL 1")) << url;
  }
}

TEST(DatabaseAccount, CountsServers) {
  std::string urls;
  for (size_t i = 0; i < kMaxDatabases; ++i) urls += "mysql://a:b@h:" + std::to_string(i + 1) + ",";
  EXPECT_EQ(Fault(urls), "");
  EXPECT_THAT(Fault(urls + "mysql://a:b@h:99"), HasSubstr("at most 16"));
}

}  // namespace
}  // namespace stirbar
