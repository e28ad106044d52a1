#include "probe/queue_time.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace stirbar {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kNow = 1'764'000'000 * kSecond;

TEST(QueueTime, StampInEachUnit) {
  for (const char* text : {"1763999998", "1763999998.0", "1763999998000", "1763999998000000",
                           "1763999998000000000", "t=1763999998", "t=1763999998.000",
                           "t=1763999998000", "t=1763999998000000", " t=1763999998000 "}) {
    EXPECT_EQ(WaitSinceStamp(text, kNow), 2 * kSecond) << text;
  }
  EXPECT_EQ(WaitSinceStamp("t=1763999999.750", kNow), kSecond / 4);
  EXPECT_EQ(WaitSinceStamp("1763999999750", kNow), kSecond / 4);
}

TEST(QueueTime, ClockAheadIsNeverNegative) {
  EXPECT_EQ(WaitSinceStamp("1764000001", kNow), 0U);
  EXPECT_EQ(WaitSinceStamp("1764000000500", kNow), 0U);
}

TEST(QueueTime, WhatIsNoStampIsIgnored) {
  for (const char* text :
       {"", "t=", "yesterday", "17640000000000000000000", "0", "12", "-1764000000", "1763990000",
        "1764000061", "1763999998 x", "t=t=1763999998", "0x17", "1e9", "99999999999999999999"}) {
    EXPECT_EQ(WaitSinceStamp(text, kNow), std::nullopt) << text;
  }
}

TEST(QueueTime, Budgets) {
  EXPECT_EQ(ParseBudget("2"), 2 * kSecond);
  EXPECT_EQ(ParseBudget("2s"), 2 * kSecond);
  EXPECT_EQ(ParseBudget("1.5s"), 3 * kSecond / 2);
  EXPECT_EQ(ParseBudget("1500ms"), 3 * kSecond / 2);
  EXPECT_EQ(ParseBudgetMs("1500"), 3 * kSecond / 2);
  for (const char* text : {"", "-1", "2m", "soon", "3601", "99999999999999999999", "1 s"}) {
    EXPECT_EQ(ParseBudget(text), 0U) << text;
  }
  EXPECT_EQ(ParseBudgetMs("1500ms"), 0U);
}

TEST(QueueTime, SocketSaysSinceWhenItsBytesWait) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), bytes), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &bytes);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), bytes), 0);
  const int server = accept(listener, nullptr, nullptr);
  ASSERT_EQ(send(client, "x", 1, 0), 1);
  const std::optional<uint64_t> wait = SocketWait(server);
  ASSERT_TRUE(wait.has_value());
  EXPECT_LT(*wait, 5 * kSecond);
  for (const int descriptor : {listener, client, server}) close(descriptor);
}

TEST(QueueTime, WhatIsNoTcpSocketSaysNothing) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_EQ(SocketWait(pair[0]), std::nullopt);
  EXPECT_EQ(SocketWait(-1), std::nullopt);
  close(pair[0]);
  close(pair[1]);
}

}  // namespace
}  // namespace stirbar
