#include "probe/listen_backlog.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace stirbar {
namespace {

class ListenBacklogTest : public testing::Test {
 protected:
  ListenBacklogTest() : socket_(socket(AF_INET, SOCK_STREAM, 0)) { listen(socket_, kOwn); }
  ~ListenBacklogTest() override { close(socket_); }

  uint32_t Limit() const {
    tcp_info info{};
    socklen_t bytes = sizeof info;
    getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &bytes);
    return info.tcpi_sacked;
  }

  static constexpr int kOwn = 64;
  int socket_;
  ListenBacklog backlog_;
};

TEST_F(ListenBacklogTest, OrderHoldsAndIsGivenBack) {
  backlog_.Watch(std::array{socket_}, kOwn);
  backlog_.Apply(0, 0, 1);
  EXPECT_EQ(Limit(), 64U);
  backlog_.Apply(10, 0, 2);
  EXPECT_EQ(Limit(), 10U);
  EXPECT_EQ(backlog_.applied(), 10U);
  backlog_.Apply(20, 0, 3);
  EXPECT_EQ(Limit(), 20U);
  backlog_.Apply(0, 0, 4);
  EXPECT_EQ(Limit(), 64U);
}

TEST_F(ListenBacklogTest, NeverLongerThanTheServersOwn) {
  backlog_.Watch(std::array{socket_}, kOwn);
  backlog_.Apply(1000, 0, 1);
  EXPECT_EQ(Limit(), 64U);
}

TEST_F(ListenBacklogTest, OrderIsRepeatedAgainstAnotherWorkersGoodbye) {
  backlog_.Watch(std::array{socket_}, kOwn);
  backlog_.Apply(10, 0, 1);
  listen(socket_, kOwn);
  backlog_.Apply(10, 0, 500'000'000);
  EXPECT_EQ(Limit(), 64U);
  backlog_.Apply(10, 0, 1'100'000'000);
  EXPECT_EQ(Limit(), 10U);
}

TEST_F(ListenBacklogTest, OwnLimitIsReadWhereTheServerDoesNotSay) {
  backlog_.Watch(std::array{socket_}, 0);
  backlog_.Apply(10, 0, 1);
  backlog_.Apply(0, 0, 2);
  EXPECT_EQ(Limit(), 64U);
}

TEST_F(ListenBacklogTest, WhatAKilledWorkerLeftShortIsGivenBack) {
  listen(socket_, 5);
  backlog_.Watch(std::array{socket_}, kOwn);
  backlog_.Apply(0, 0, 1);
  EXPECT_EQ(Limit(), 64U);
}

TEST_F(ListenBacklogTest, DescriptorThatMeansAnotherFileIsLeftAlone) {
  backlog_.Watch(std::array{socket_}, kOwn);
  const int other = socket(AF_INET, SOCK_STREAM, 0);
  listen(other, 33);
  dup2(other, socket_);
  close(other);
  backlog_.Apply(10, 0, 1);
  EXPECT_EQ(Limit(), 33U);
}

TEST_F(ListenBacklogTest, OnlyListeningSocketsAreWatched) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  backlog_.Watch(std::array{pair[0], -1, 0}, kOwn);
  backlog_.Apply(10, 0, 1);
  close(pair[0]);
  close(pair[1]);
}

}  // namespace
}  // namespace stirbar
