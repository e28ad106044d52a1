#include "supervisor/collect/sock_diag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "supervisor/collect/fake_sockets.h"
#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// These tests ask the real kernel; some sandboxes (gVisor) have no sock_diag.
class SockDiagTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto answer = sock_diag_.Listening(SocketFamily::kTcp4, {});
    if (!answer) GTEST_SKIP() << answer.error();
  }
  ListenerSample Ask(SocketFamily family, uint64_t inode) {
    const auto listeners = sock_diag_.Listening(family, {inode});
    EXPECT_TRUE(listeners.ok()) << listeners.error();
    EXPECT_THAT(*listeners, SizeIs(1));
    return listeners->empty() ? ListenerSample{} : listeners->front();
  }

  SockDiag sock_diag_;
};

TEST_F(SockDiagTest, TcpDepthAndBacklogAreExact) {
  auto room = WaitingRoom::Tcp(AF_INET, 5);
  ASSERT_TRUE(room.listens());
  EXPECT_EQ(Ask(SocketFamily::kTcp4, room.inode()).depth, 0U);
  room.Connect(3);
  const ListenerSample listener = Ask(SocketFamily::kTcp4, room.inode());
  EXPECT_EQ(listener.kind, ListenerKind::kTcp);
  EXPECT_EQ(listener.address, "127.0.0.1:" + std::to_string(room.port()));
  EXPECT_EQ(listener.inode, room.inode());
  EXPECT_EQ(listener.depth, 3U);
  EXPECT_EQ(listener.backlog, 5U);
  room.Accept();
  EXPECT_EQ(Ask(SocketFamily::kTcp4, room.inode()).depth, 2U);
}

TEST_F(SockDiagTest, TcpOverIpv6) {
  auto room = WaitingRoom::Tcp(AF_INET6, 4);
  if (!room.listens()) GTEST_SKIP() << "no IPv6 here";
  room.Connect(2);
  const ListenerSample listener = Ask(SocketFamily::kTcp6, room.inode());
  EXPECT_EQ(listener.address, "[::1]:" + std::to_string(room.port()));
  EXPECT_EQ(listener.depth, 2U);
  EXPECT_EQ(listener.backlog, 4U);
  EXPECT_THAT(*sock_diag_.Listening(SocketFamily::kTcp4, {room.inode()}), IsEmpty());
}

TEST_F(SockDiagTest, UnixDepthAndBacklogAreExact) {
  const FakeTree files;
  auto room = WaitingRoom::Unix(files.root() + "/app.sock", 6);
  ASSERT_TRUE(room.listens());
  room.Connect(4);
  const ListenerSample listener = Ask(SocketFamily::kUnix, room.inode());
  EXPECT_EQ(listener.kind, ListenerKind::kUnix);
  EXPECT_EQ(listener.address, "unix:" + files.root() + "/app.sock");
  EXPECT_EQ(listener.depth, 4U);
  EXPECT_EQ(listener.backlog, 6U);
  room.Accept();
  EXPECT_EQ(Ask(SocketFamily::kUnix, room.inode()).depth, 3U);
}

TEST_F(SockDiagTest, AbstractUnixNameIsShownPrintable) {
  const std::string name = "stirbar-test-" + std::to_string(getpid());
  auto room = WaitingRoom::Unix(std::string(1, '\0') + name + "\n\xff", 1);
  ASSERT_TRUE(room.listens());
  EXPECT_EQ(Ask(SocketFamily::kUnix, room.inode()).address, "unix:@" + name + "??");
}

TEST_F(SockDiagTest, AnswerOfManyPartsIsComplete) {
  std::vector<WaitingRoom> rooms;
  std::vector<uint64_t> inodes;
  for (int i = 0; i < 300; ++i) {  // 124 bytes each: more than one part of 32 KiB
    rooms.push_back(WaitingRoom::Tcp(AF_INET, 1));
    ASSERT_TRUE(rooms.back().listens());
    inodes.push_back(rooms.back().inode());
  }
  std::sort(inodes.begin(), inodes.end());
  EXPECT_THAT(*sock_diag_.Listening(SocketFamily::kTcp4, inodes), SizeIs(300));
}

TEST_F(SockDiagTest, OthersSocketsAreLeftOut) {
  auto room = WaitingRoom::Tcp(AF_INET, 1);
  EXPECT_THAT(*sock_diag_.Listening(SocketFamily::kTcp4, {room.inode() + 1'000'000}), IsEmpty());
}

}  // namespace
}  // namespace stirbar
