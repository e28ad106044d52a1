#include "supervisor/collect/machine_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(MachineCollector, ReadsMemoryCpusAndDisk) {
  const FakeTree files;
  files.Write("proc/meminfo", "MemTotal:  2000 kB\nMemFree: 1 kB\nMemAvailable:   500 kB\n");
  MachineCollector collector(files.root(), files.proc());
  Sample sample;
  collector.Collect(FullTick(1), &sample);
  EXPECT_THAT(sample.unavailable, IsEmpty());
  EXPECT_EQ(sample.machine.memory_total_bytes, 2000U * 1024);
  EXPECT_EQ(sample.machine.memory_available_bytes, 500U * 1024);
  EXPECT_GE(sample.machine.cpus, 1U);
  EXPECT_GT(sample.machine.disk_total_bytes, 0U);
  EXPECT_LE(sample.machine.disk_available_bytes, sample.machine.disk_total_bytes);
  EXPECT_EQ(sample.machine.disk_path, files.root());
}

TEST(MachineCollector, QuickTickRepeatsAndLeavesOthersFiguresAlone) {
  const FakeTree files;
  files.Write("proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 500 kB\n");
  MachineCollector collector(files.root(), files.proc());
  Sample sample;
  collector.Collect(FullTick(1), &sample);
  files.Remove("proc/meminfo");
  Sample next;
  next.machine.cgroup.version = 2;
  collector.Collect(QuickTick(1.1), &next);
  EXPECT_EQ(next.machine.memory_total_bytes, 2000U * 1024);
  EXPECT_EQ(next.machine.cgroup.version, 2);
  EXPECT_THAT(next.unavailable, IsEmpty());
}

TEST(MachineCollector, OneMissingFigureKeepsTheOthers) {
  const FakeTree files;
  files.Write("proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 500 kB\n");
  MachineCollector collector(files.root() + "/none", files.proc());
  Sample sample;
  collector.Collect(FullTick(1), &sample);
  EXPECT_THAT(sample.unavailable.at("machine"), HasSubstr("statvfs " + files.root() + "/none: No"));
  EXPECT_EQ(sample.machine.memory_total_bytes, 2000U * 1024);
  EXPECT_EQ(sample.machine.disk_total_bytes, 0U);
}

TEST(MachineCollector, UnreadableMeminfoIsNamed) {
  const FakeTree files;
  files.Write("proc/meminfo", "MemTotal: 2000 kB\n");
  MachineCollector collector(files.root(), files.proc());
  Sample sample;
  collector.Collect(FullTick(1), &sample);
  EXPECT_THAT(sample.unavailable.at("machine"), HasSubstr("no MemTotal or no MemAvailable"));
  EXPECT_GT(sample.machine.disk_total_bytes, 0U);
}

}  // namespace
}  // namespace stirbar
