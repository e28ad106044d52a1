#include "supervisor/collect/listener_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "supervisor/collect/fake_sockets.h"
#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint32_t kServer = 10;
constexpr uint32_t kWorker = 11;

// The sockets and the kernel's answers are real; who holds which is told by a fake /proc.
class ListenerCollectorTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto answer = SockDiag().Listening(SocketFamily::kTcp4, {});
    if (!answer) GTEST_SKIP() << answer.error();
    ASSERT_TRUE(room_.listens());
    for (const uint32_t pid : {kServer, kWorker}) files_.Write(FakeProcess{.pid = pid});
  }

  void Hold(uint32_t pid, int descriptor, uint64_t inode) {
    files_.Link("proc/" + std::to_string(pid) + "/fd/" + std::to_string(descriptor),
                "socket:[" + std::to_string(inode) + "]");
  }

  Sample Collect(const Tick& tick, std::vector<uint32_t> pids = {kServer, kWorker}) {
    Sample sample;
    for (const uint32_t pid : pids) {
      ProcessSample process;
      process.pid = pid;
      process.start_ticks = start_ticks_;
      sample.processes.push_back(process);
    }
    collector_.Collect(tick, &sample);
    return sample;
  }

  FakeTree files_;
  uint64_t start_ticks_ = 1000;
  WaitingRoom room_ = WaitingRoom::Tcp(AF_INET, 5);
  WaitingRoom second_ = WaitingRoom::Unix(files_.root() + "/app.sock", 2);
  WaitingRoom own_ = WaitingRoom::Tcp(AF_INET, 9);  // the supervisor's
  ListenerCollector collector_{{own_.inode()}, files_.proc()};
};

TEST_F(ListenerCollectorTest, SocketHeldByAllIsShownOnce) {
  Hold(kServer, 3, room_.inode());
  Hold(kWorker, 3, room_.inode());
  files_.Link("proc/11/fd/0", "/dev/null");
  room_.Connect(2);
  const Sample sample = Collect(FullTick(1));
  EXPECT_THAT(sample.unavailable, IsEmpty());
  ASSERT_THAT(sample.listeners, SizeIs(1));
  EXPECT_EQ(sample.listeners.front().inode, room_.inode());
  EXPECT_EQ(sample.listeners.front().depth, 2U);
  EXPECT_EQ(sample.listeners.front().backlog, 5U);
}

TEST_F(ListenerCollectorTest, TcpAndUnixAreShownInOrder) {
  Hold(kServer, 3, second_.inode());
  Hold(kServer, 4, room_.inode());
  const Sample sample = Collect(FullTick(1));
  ASSERT_THAT(sample.listeners, SizeIs(2));
  EXPECT_EQ(sample.listeners[0].kind, ListenerKind::kTcp);
  EXPECT_EQ(sample.listeners[1].address, "unix:" + files_.root() + "/app.sock");
}

TEST_F(ListenerCollectorTest, SupervisorsOwnSocketIsLeftOut) {
  Hold(kServer, 3, own_.inode());
  Hold(kServer, 4, room_.inode());
  const Sample sample = Collect(FullTick(1));
  ASSERT_THAT(sample.listeners, SizeIs(1));
  EXPECT_EQ(sample.listeners.front().inode, room_.inode());
}

TEST_F(ListenerCollectorTest, DepthsAreAskedAtFullTicksAndRepeatedBetween) {
  Hold(kServer, 3, room_.inode());
  Collect(FullTick(1));
  room_.Connect(3);
  EXPECT_EQ(Collect(QuickTick(1.5)).listeners.front().depth, 0U);
  EXPECT_EQ(Collect(FullTick(2)).listeners.front().depth, 3U);
}

TEST_F(ListenerCollectorTest, DescriptorsAreLookedAtEveryTickUntilAListenerIsKnown) {
  EXPECT_THAT(Collect(FullTick(1)).listeners, IsEmpty());
  Hold(kServer, 3, room_.inode());
  EXPECT_THAT(Collect(FullTick(2)).listeners, SizeIs(1));
  Hold(kServer, 4, second_.inode());
  EXPECT_THAT(Collect(FullTick(11)).listeners, SizeIs(1));
  EXPECT_THAT(Collect(FullTick(12)).listeners, SizeIs(2));
}

TEST_F(ListenerCollectorTest, NewProcessIsLookedAtAtOnce) {
  Hold(kServer, 3, room_.inode());
  Hold(kWorker, 4, second_.inode());
  EXPECT_THAT(Collect(FullTick(1), {kServer}).listeners, SizeIs(1));
  EXPECT_THAT(Collect(FullTick(2)).listeners, SizeIs(2));
  EXPECT_THAT(Collect(FullTick(3), {kServer}).listeners, SizeIs(1));
}

TEST_F(ListenerCollectorTest, ReusedPidIsLookedAtAgain) {
  Hold(kServer, 3, room_.inode());
  Collect(FullTick(1));
  files_.Remove("proc/10/fd/3");
  start_ticks_ = 2000;
  EXPECT_THAT(Collect(FullTick(2)).listeners, IsEmpty());
}

TEST_F(ListenerCollectorTest, UnreadableProcessIsToldWhereNothingIsFound) {
  files_.RemoveProcess(kWorker);
  for (const Tick& tick : {FullTick(1), QuickTick(1.1)}) {
    EXPECT_THAT(Collect(tick).unavailable.at("listeners"), HasSubstr("/11/fd: No such file"));
  }
  Hold(kServer, 3, room_.inode());
  EXPECT_THAT(Collect(FullTick(2)).unavailable, IsEmpty());
}

TEST(ListenerCollector, FindsTheListenerOfThisProcess) {
  if (!SockDiag().Listening(SocketFamily::kTcp4, {})) GTEST_SKIP() << "no sock_diag";
  auto room = WaitingRoom::Tcp(AF_INET, 5);
  room.Connect(1);
  ListenerCollector collector({});
  Sample sample;
  sample.processes.emplace_back().pid = static_cast<uint32_t>(getpid());
  collector.Collect(FullTick(1), &sample);
  const auto found =
      std::find_if(sample.listeners.begin(), sample.listeners.end(),
                   [&](const ListenerSample& listener) { return listener.inode == room.inode(); });
  ASSERT_NE(found, sample.listeners.end());
  EXPECT_EQ(found->depth, 1U);
}

}  // namespace
}  // namespace stirbar
