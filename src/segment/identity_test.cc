#include "segment/identity.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

TEST(SegmentIdentity, OfThisProcessIsTheSameBothWays) {
  const Result<ProcessIdentity> self = IdentityOf();
  ASSERT_TRUE(self.ok()) << self.error();
  EXPECT_EQ(PidOf(*self), static_cast<uint32_t>(getpid()));
  EXPECT_EQ(*IdentityOf(static_cast<uint32_t>(getpid())), *self);
  EXPECT_TRUE(IsRunning(*self));
}

TEST(SegmentIdentity, ARecycledPidIsAnotherProcess) {
  EXPECT_FALSE(IsRunning(*IdentityOf() + 1));
  EXPECT_FALSE(IsRunning(0));
  EXPECT_FALSE(IsRunning(MakeIdentity(0, 5)));
  EXPECT_FALSE(IsRunning(MakeIdentity(0xFFFFFFFF, 5)));  // a pid that kill() takes for "all"
}

TEST(SegmentIdentity, AZombieDoesNotRun) {
  const Shared<std::atomic<int>> end;
  const pid_t child = RunInChild([&] {
    while (end->load() == 0) sched_yield();
  });
  const ProcessIdentity identity = *IdentityOf(static_cast<uint32_t>(child));
  EXPECT_TRUE(IsRunning(identity));
  end->store(1);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(IsRunning(identity));
  Await(child);
  EXPECT_FALSE(IsRunning(identity));
  EXPECT_FALSE(IdentityOf(static_cast<uint32_t>(child)).ok());
}

TEST(SegmentIdentity, ANameWithParenthesesAndSpacesDoesNotConfuse) {
  const pid_t child = RunInChild([] {
    prctl(PR_SET_NAME, "a) S 1 (b");
    const Result<ProcessIdentity> self = IdentityOf();
    _exit(self.ok() && PidOf(*self) == static_cast<uint32_t>(getpid()) && IsRunning(*self) ? 0 : 1);
  });
  EXPECT_EQ(Await(child), 0);
}

// A supervisor out of descriptors must not bury live workers.
TEST(SegmentIdentity, WhoCannotBeLookedAtCountsAsRunning) {
  const ProcessIdentity parent = *IdentityOf();
  const pid_t child = RunInChild([&] {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    if (IdentityOf().ok()) _exit(2);
    const bool gone = IsRunning(MakeIdentity(4'000'000, 7));
    _exit(IsRunning(parent) && !gone ? 0 : 1);
  });
  EXPECT_EQ(Await(child), 0);
}

}  // namespace
}  // namespace stirbar
