#include "supervisor/collect/pressure_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Pressure(const std::string& some, const std::string& full) {
  return "some avg10=" + some + " avg60=0.50 avg300=0.10 total=2222\nfull avg10=" + full +
         " avg60=0.00 avg300=0.00 total=0\n";
}

class PressureCollectorTest : public testing::Test {
 protected:
  Sample Collect(const Tick& tick) {
    Sample sample;
    collector_.Collect(tick, &sample);
    return sample;
  }
  void WriteMachine() {
    files_.Write("proc/pressure/cpu", "some avg10=12.50 avg60=0.50 avg300=0.10 total=2222\n");
    files_.Write("proc/pressure/memory", Pressure("2.00", "1.00"));
    files_.Write("proc/pressure/io", Pressure("100.00", "0.00"));
  }

  FakeTree files_;
  PressureCollector collector_{10, files_.proc()};
};

TEST_F(PressureCollectorTest, TakesTheMachinesWhereTheCgroupHasNone) {
  WriteMachine();
  const Sample sample = Collect(FullTick(1));
  EXPECT_THAT(sample.unavailable, IsEmpty());
  EXPECT_DOUBLE_EQ(sample.machine.pressure.cpu_some, 0.125);
  EXPECT_DOUBLE_EQ(sample.machine.pressure.memory_some, 0.02);
  EXPECT_DOUBLE_EQ(sample.machine.pressure.memory_full, 0.01);
  EXPECT_DOUBLE_EQ(sample.machine.pressure.io_some, 1);
  EXPECT_DOUBLE_EQ(sample.machine.pressure.io_full, 0);
}

TEST_F(PressureCollectorTest, PrefersTheCgroups) {
  WriteMachine();
  files_.Write("proc/self/mountinfo",
               "30 24 0:26 / " + files_.root() + "/fs rw - cgroup2 cgroup2 rw\n");
  files_.Write("proc/10/cgroup", "0::/app\n");
  files_.Write("fs/app/cpu.pressure", Pressure("80.00", "40.00"));
  files_.Write("fs/app/memory.pressure", Pressure("60.00", "30.00"));
  const Sample sample = Collect(FullTick(1));
  EXPECT_DOUBLE_EQ(sample.machine.pressure.cpu_some, 0.8);
  EXPECT_DOUBLE_EQ(sample.machine.pressure.memory_full, 0.3);
  EXPECT_DOUBLE_EQ(sample.machine.pressure.io_some, 1);  // the machine's
}

TEST_F(PressureCollectorTest, QuickTickRepeats) {
  WriteMachine();
  Collect(FullTick(1));
  files_.Remove("proc/pressure");
  const Sample sample = Collect(QuickTick(1.1));
  EXPECT_DOUBLE_EQ(sample.machine.pressure.cpu_some, 0.125);
  EXPECT_THAT(sample.unavailable, IsEmpty());
}

TEST_F(PressureCollectorTest, WithoutPsiNothingIsMeasured) {
  for (const Tick& tick : {FullTick(1), QuickTick(1.1)}) {
    const Sample sample = Collect(tick);
    EXPECT_THAT(sample.unavailable.at("pressure"), HasSubstr("No such file"));
    EXPECT_TRUE(std::isnan(sample.machine.pressure.cpu_some));
    EXPECT_TRUE(std::isnan(sample.machine.pressure.io_full));
  }
}

TEST_F(PressureCollectorTest, NoiseIsNotMeasured) {
  WriteMachine();
  files_.Write("proc/pressure/cpu", "some avg10=x");
  EXPECT_TRUE(std::isnan(Collect(FullTick(1)).machine.pressure.cpu_some));
}

}  // namespace
}  // namespace stirbar
