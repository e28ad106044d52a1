#include "supervisor/collect/thread_status.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

TEST(ThreadStatus, ReadsNameStateAndTurns) {
  FakeTree tree;
  tree.Write("proc/7/task/9/stat",
             "9 (stirbar-knock) S 1 7 7 0 -1 64 0 0 0 0 3 4 0 0 20 0 3 0 555 1 2 3\n");
  tree.Write("proc/7/task/9/schedstat", "1000 20 31\n");
  const auto status = ReadThreadStatus(tree.proc(), 7, 9);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->name, "stirbar-knock");
  EXPECT_EQ(status->state, 'S');
  EXPECT_EQ(status->run_ns, 1000U);
  EXPECT_EQ(status->times_scheduled, 31U);
  EXPECT_FALSE(ReadThreadStatus(tree.proc(), 7, 10));
}

TEST(ThreadStatus, ParsesSystemCalls) {
  const auto call = ParseSystemCall("202 0x7f0012345678 0x80 0x0 0x0 0x0 0x0 0x7ffc 0x7f00\n");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->number, 202);
  EXPECT_EQ(call->first_argument, 0x7f0012345678U);
  for (const char* none : {"running\n", "-1 0x7ffc 0x7f00\n", "", "\n"}) {
    EXPECT_FALSE(ParseSystemCall(none)) << none;
  }
}

TEST(ThreadStatus, NamesWhatRequestsHangIn) {
  EXPECT_EQ(NameOfSystemCall(SYS_recvfrom), "recv");
  EXPECT_EQ(NameOfSystemCall(SYS_ppoll), "poll");
  EXPECT_EQ(NameOfSystemCall(SYS_clock_nanosleep), "sleep");
  EXPECT_EQ(NameOfSystemCall(99'999), "system call 99999");
  EXPECT_TRUE(IsFutex({SYS_futex, 0}));
  EXPECT_FALSE(IsFutex({SYS_read, 0}));
}

}  // namespace
}  // namespace stirbar
