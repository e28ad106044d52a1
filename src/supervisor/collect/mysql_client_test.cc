#include "supervisor/collect/mysql_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/collect/mysql_library.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MySqlClient, FaultsAreInWordsOfOurOwn) {
  EXPECT_EQ(MySqlFault(2003, "Can't connect to server on 'db.example.org' (111)").text,
            "error 2003: cannot connect: Connection refused");
  EXPECT_EQ(MySqlFault(2002, "Can't connect to local server through socket '/x' (2)").text,
            "error 2002: cannot connect: No such file or directory");
  for (const char* text : {"Can't connect to server on '127.0.0.1' (115)", "in other words"}) {
    EXPECT_EQ(MySqlFault(2002, text).text,
              "error 2002: cannot connect: refused, or no answer within 2 s");
  }
  EXPECT_EQ(MySqlFault(1045, "Access denied for user 'stirbar'@'db' (using password: YES)").text,
            "error 1045: access denied: wrong user or password");
  EXPECT_THAT(MySqlFault(1234, "something 'secret'").text, Not(HasSubstr("secret")));
  EXPECT_EQ(MySqlFault(2013, "").code, 2013U);
}

TEST(MySqlClient, SaysThatNobodyListens) {
  if (!LoadMySqlLibrary()) GTEST_SKIP() << LoadMySqlLibrary().error();
  // A port that is taken, and not listened on.
  const int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  DatabaseAccount account;
  account.host = "127.0.0.1";
  account.port = ntohs(address.sin_port);
  account.user = account.password = "secret";
  DatabaseFault fault;
  EXPECT_EQ(ConnectMySql(account, &fault), nullptr);
  EXPECT_THAT(fault.text, HasSubstr("cannot connect: "));
  close(taken);
}

}  // namespace
}  // namespace stirbar
