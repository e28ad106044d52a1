#include "supervisor/collect/cgroup_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr char kUnlimited1[] = "9223372036854771712\n";

class CgroupCollectorTest : public testing::Test {
 protected:
  CgroupCollectorTest() {
    files_.Write("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 1 kB\n");
  }

  void UseVersion2(const std::string& path) {
    files_.Write("proc/self/mountinfo",
                 "30 24 0:26 / " + files_.root() + "/fs rw - cgroup2 cgroup2 rw\n");
    files_.Write("proc/10/cgroup", "0::" + path + "\n");
  }
  void UseVersion1(const std::string& path) {
    const std::string root = files_.root();
    files_.Write("proc/self/mountinfo",
                 "30 24 0:26 / " + root + "/memory rw - cgroup cgroup rw,memory\n" +
                     "31 24 0:27 / " + root + "/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" +
                     "32 24 0:28 / " + root + "/unified rw - cgroup2 cgroup2 rw\n");
    files_.Write("proc/10/cgroup",
                 "4:memory:" + path + "\n1:cpuacct,cpu:" + path + "\n0::" + path + "\n");
  }
  Sample Collect(const Tick& tick) {
    Sample sample;
    collector_.Collect(tick, &sample);
    return sample;
  }
  CgroupSample Measure(double seconds = 1) {
    Sample sample = Collect(FullTick(seconds));
    EXPECT_THAT(sample.unavailable, IsEmpty());
    return sample.machine.cgroup;
  }

  FakeTree files_;
  CgroupCollector collector_{10, files_.proc()};
};

TEST_F(CgroupCollectorTest, Version2) {
  UseVersion2("/app");
  files_.Write("fs/app/memory.max", "1000000\n");
  files_.Write("fs/app/memory.current", "600000\n");
  files_.Write("fs/app/memory.stat", "active_file 5\ninactive_file 200000\n");
  files_.Write("fs/app/memory.events",
               "low 0\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n");
  files_.Write("fs/app/cpu.max", "150000 100000\n");
  const CgroupSample cgroup = Measure();
  EXPECT_EQ(cgroup.version, 2);
  EXPECT_EQ(cgroup.path, "/app");
  EXPECT_EQ(cgroup.memory_limit_bytes, 1'000'000U);
  EXPECT_EQ(cgroup.memory_current_bytes, 600'000U);
  EXPECT_EQ(cgroup.memory_inactive_file_bytes, 200'000U);
  EXPECT_EQ(cgroup.cpu_limit, 1.5);
  EXPECT_THAT(cgroup.memory_events, ElementsAre(Pair("high", 2), Pair("low", 0), Pair("max", 3),
                                                Pair("oom", 4), Pair("oom_kill", 5)));
}

TEST_F(CgroupCollectorTest, Version2WithoutLimits) {
  UseVersion2("/app");
  files_.Write("fs/app/memory.max", "max\n");
  files_.Write("fs/app/memory.current", "600000\n");
  files_.Write("fs/app/cpu.max", "max 100000\n");
  const CgroupSample cgroup = Measure();
  EXPECT_EQ(cgroup.memory_limit_bytes, std::nullopt);
  EXPECT_EQ(cgroup.cpu_limit, std::nullopt);
  EXPECT_EQ(cgroup.memory_current_bytes, 600'000U);
}

TEST_F(CgroupCollectorTest, SmallestLimitOnTheWayUpCountsWithItsUse) {
  UseVersion2("/pod/app/sub");
  files_.Write("fs/pod/app/sub/memory.max", "max\n");
  files_.Write("fs/pod/app/sub/memory.current", "100\n");
  files_.Write("fs/pod/app/sub/cpu.max", "200000 100000\n");
  files_.Write("fs/pod/app/memory.max", "5000\n");
  files_.Write("fs/pod/app/memory.current", "4000\n");
  files_.Write("fs/pod/app/cpu.max", "50000 100000\n");
  files_.Write("fs/pod/memory.max", "7000\n");
  files_.Write("fs/pod/memory.current", "6000\n");
  const CgroupSample cgroup = Measure();
  EXPECT_EQ(cgroup.memory_limit_bytes, 5000U);
  EXPECT_EQ(cgroup.memory_current_bytes, 4000U);
  EXPECT_EQ(cgroup.path, "/pod/app");
  EXPECT_EQ(cgroup.cpu_limit, 0.5);
}

TEST_F(CgroupCollectorTest, LimitOfTheMachinesMemoryIsNone) {
  UseVersion2("/app");
  files_.Write("fs/app/memory.max", "8192000000\n");
  EXPECT_EQ(Measure().memory_limit_bytes, std::nullopt);
}

TEST_F(CgroupCollectorTest, ContainerSeesItsOwnCgroupAsRoot) {
  UseVersion2("/");
  files_.Write("fs/memory.max", "1000\n");
  files_.Write("fs/memory.current", "900\n");
  const CgroupSample cgroup = Measure();
  EXPECT_EQ(cgroup.path, "/");
  EXPECT_EQ(cgroup.memory_limit_bytes, 1000U);
  EXPECT_EQ(cgroup.memory_current_bytes, 900U);
}

TEST_F(CgroupCollectorTest, Version1) {
  UseVersion1("/app");
  files_.Write("memory/app/memory.limit_in_bytes", "1000000\n");
  files_.Write("memory/app/memory.usage_in_bytes", "600000\n");
  files_.Write("memory/app/memory.stat",
               "inactive_file 1\nhierarchical_memory_limit 1000000\ntotal_inactive_file 200000\n");
  files_.Write("memory/app/memory.failcnt", "12\n");
  files_.Write("memory/app/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  files_.Write("cpu/app/cpu.cfs_quota_us", "250000\n");
  files_.Write("cpu/app/cpu.cfs_period_us", "100000\n");
  const CgroupSample cgroup = Measure();
  EXPECT_EQ(cgroup.version, 1);
  EXPECT_EQ(cgroup.path, "/app");
  EXPECT_EQ(cgroup.memory_limit_bytes, 1'000'000U);
  EXPECT_EQ(cgroup.memory_current_bytes, 600'000U);
  EXPECT_EQ(cgroup.memory_inactive_file_bytes, 200'000U);
  EXPECT_EQ(cgroup.cpu_limit, 2.5);
  EXPECT_THAT(cgroup.memory_events, ElementsAre(Pair("max", 12), Pair("oom_kill", 3)));
}

TEST_F(CgroupCollectorTest, Version1WithoutLimits) {
  UseVersion1("/app");
  files_.Write("memory/app/memory.limit_in_bytes", kUnlimited1);
  files_.Write("memory/app/memory.stat", "hierarchical_memory_limit 9223372036854771712\n");
  files_.Write("cpu/app/cpu.cfs_quota_us", "-1\n");
  files_.Write("cpu/app/cpu.cfs_period_us", "100000\n");
  const CgroupSample cgroup = Measure();
  EXPECT_EQ(cgroup.memory_limit_bytes, std::nullopt);
  EXPECT_EQ(cgroup.cpu_limit, std::nullopt);
}

TEST_F(CgroupCollectorTest, Version1KnowsLimitsAboveWhatIsVisible) {
  UseVersion1("/");
  files_.Write("memory/memory.limit_in_bytes", kUnlimited1);
  files_.Write("memory/memory.stat", "hierarchical_memory_limit 3000\n");
  EXPECT_EQ(Measure().memory_limit_bytes, 3000U);
}

TEST_F(CgroupCollectorTest, UseIsReadEveryTickAndLimitsEveryTenSeconds) {
  UseVersion2("/app");
  files_.Write("fs/app/memory.max", "1000\n");
  files_.Write("fs/app/memory.current", "600\n");
  Measure(1);
  files_.Write("fs/app/memory.max", "2000\n");
  files_.Write("fs/app/memory.current", "700\n");
  EXPECT_EQ(Collect(QuickTick(1.5)).machine.cgroup.memory_current_bytes, 600U);
  EXPECT_EQ(Measure(2).memory_current_bytes, 700U);
  EXPECT_EQ(Measure(3).memory_limit_bytes, 1000U);
  EXPECT_EQ(Measure(11).memory_limit_bytes, 2000U);
}

TEST_F(CgroupCollectorTest, NoCgroupFileSystemIsSaidOnEveryTick) {
  files_.Write("proc/10/cgroup", "0::/app\n");
  files_.Write("proc/self/mountinfo", "");
  for (const Tick& tick : {FullTick(1), QuickTick(1.1), FullTick(2)}) {
    const Sample sample = Collect(tick);
    EXPECT_THAT(sample.unavailable.at("cgroup"), HasSubstr("no cgroup file system"));
    EXPECT_EQ(sample.machine.cgroup.version, 0);
  }
}

TEST_F(CgroupCollectorTest, BeforeTheAppStartsItIsUnavailable) {
  EXPECT_THAT(Collect(FullTick(1)).unavailable.at("cgroup"), HasSubstr("/10/cgroup"));
}

}  // namespace
}  // namespace stirbar
