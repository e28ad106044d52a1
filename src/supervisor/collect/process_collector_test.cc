#include "supervisor/collect/process_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint32_t kSupervisor = 90;

std::vector<uint32_t> Pids(const Sample& sample) {
  std::vector<uint32_t> pids;
  for (const ProcessSample& process : sample.processes) pids.push_back(process.pid);
  return pids;
}

std::string Rollup(uint64_t pss_kib, uint64_t clean_kib, uint64_t dirty_kib) {
  return "55c3-7fff ---p 00000000 00:00 0   [rollup]\nRss: 9 kB\nPss:   " +
         std::to_string(pss_kib) +
         " kB\nPss_Dirty: 1 kB\nPrivate_Clean: " + std::to_string(clean_kib) +
         " kB\nPrivate_Dirty:\t" + std::to_string(dirty_kib) + " kB\n";
}

class ProcessCollectorTest : public testing::Test {
 protected:
  ProcessCollectorTest() { files_.Write(FakeProcess{.pid = kSupervisor, .command = "stirbar"}); }

  // One collector for each test, as one lives as long as the supervisor.
  void Start(std::optional<uint32_t> server_pid) {
    collector_.emplace(server_pid, files_.proc(), kSupervisor);
  }

  Sample Collect(const Tick& tick, std::initializer_list<uint32_t> workers) {
    Sample sample = SampleWithWorkers(workers);
    collector_->Collect(tick, &sample);
    return sample;
  }

  FakeTree files_;
  std::optional<ProcessCollector> collector_;
};

TEST_F(ProcessCollectorTest, FillsProcessesWorkersAndSupervisor) {
  files_.Write(FakeProcess{.pid = 10, .command = "gunicorn", .rss_kib = 1000});
  files_.Write(FakeProcess{.pid = 11,
                           .parent_pid = 10,
                           .command = "gunicorn",
                           .state = 'R',
                           .threads = 5,
                           .cpu_ticks = 250,
                           .rss_kib = 2000});
  files_.Link("proc/11/fd/0", "/dev/null");
  files_.Link("proc/11/fd/1", "/dev/null");
  Start(10);
  const Sample sample = Collect(FullTick(1), {11});

  EXPECT_THAT(sample.unavailable, IsEmpty());
  ASSERT_THAT(Pids(sample), ElementsAre(10, 11));
  const ProcessSample& worker = sample.workers.front().process;
  EXPECT_EQ(worker.pid, 11U);
  EXPECT_EQ(worker.parent_pid, 10U);
  EXPECT_EQ(worker.command, "gunicorn");
  EXPECT_EQ(worker.state, 'R');
  EXPECT_EQ(worker.start_ticks, 1000U);
  EXPECT_EQ(worker.rss_bytes, 2000U * 1024);
  EXPECT_DOUBLE_EQ(worker.cpu_seconds, 2.5);
  EXPECT_EQ(worker.threads, 5U);
  EXPECT_EQ(worker.file_descriptors, 2U);
  EXPECT_EQ(worker.voluntary_switches, 7U);
  EXPECT_EQ(worker.involuntary_switches, 3U);
  EXPECT_EQ(sample.supervisor.pid, kSupervisor);
  EXPECT_EQ(sample.supervisor.command, "stirbar");
}

TEST_F(ProcessCollectorTest, CpuRatioIsTheShareSinceTheLastFullTick) {
  files_.Write(FakeProcess{.pid = 10, .cpu_ticks = 100});
  Start(10);
  EXPECT_EQ(Collect(FullTick(10), {}).processes.front().cpu_ratio, 0);
  files_.Write(FakeProcess{.pid = 10, .cpu_ticks = 400});
  Collect(QuickTick(11), {});
  EXPECT_DOUBLE_EQ(Collect(FullTick(12), {}).processes.front().cpu_ratio, 1.5);
}

TEST_F(ProcessCollectorTest, ReusedPidBeginsAnew) {
  files_.Write(FakeProcess{.pid = 10, .cpu_ticks = 100});
  files_.Write("proc/10/smaps_rollup", Rollup(500, 10, 20));
  Start({});
  EXPECT_TRUE(Collect(FullTick(10), {10}).processes.front().pss_bytes.has_value());
  files_.Write(FakeProcess{.pid = 10, .cpu_ticks = 400, .start_ticks = 2000});
  files_.Remove("proc/10/smaps_rollup");
  const Sample sample = Collect(FullTick(20), {10});
  EXPECT_EQ(sample.processes.front().cpu_ratio, 0);
  EXPECT_EQ(sample.processes.front().pss_bytes, std::nullopt);
}

TEST_F(ProcessCollectorTest, ReusedServerPidIsNotTheServer) {
  files_.Write(FakeProcess{.pid = 10});
  Start(10);
  EXPECT_THAT(Pids(Collect(FullTick(1), {})), ElementsAre(10));
  files_.Write(FakeProcess{.pid = 10, .command = "cron", .start_ticks = 2000});
  EXPECT_THAT(Pids(Collect(FullTick(2), {})), IsEmpty());
}

TEST_F(ProcessCollectorTest, MemoryMapIsReadOfOneProcessATickInTurn) {
  files_.Write(FakeProcess{.pid = 10});
  files_.Write(FakeProcess{.pid = 11, .parent_pid = 10});
  for (const char* const pid : {"10", "11", "90"}) {
    files_.Write("proc/" + std::string(pid) + "/smaps_rollup", Rollup(100, 4, 6));
  }
  Start(10);
  // A hundred seconds apart, so that the pause after a read is over on the slowest machine.
  Sample sample = Collect(FullTick(100), {});
  EXPECT_EQ(sample.processes[0].pss_bytes, 100U * 1024);
  EXPECT_EQ(sample.processes[0].uss_bytes, 10U * 1024);
  EXPECT_EQ(sample.processes[1].pss_bytes, std::nullopt);

  files_.Write("proc/10/smaps_rollup", Rollup(200, 4, 6));
  sample = Collect(FullTick(200), {});
  EXPECT_EQ(sample.processes[0].pss_bytes, 100U * 1024);  // carried over
  EXPECT_EQ(sample.processes[1].pss_bytes, 100U * 1024);
  EXPECT_EQ(sample.supervisor.pss_bytes, std::nullopt);

  sample = Collect(FullTick(300), {});
  EXPECT_EQ(sample.supervisor.pss_bytes, 100U * 1024);

  sample = Collect(FullTick(400), {});
  EXPECT_EQ(sample.processes[0].pss_bytes, 200U * 1024);
}

TEST_F(ProcessCollectorTest, MemoryMapOfANewProcessComesFirst) {
  files_.Write(FakeProcess{.pid = 10});
  Start(10);
  Collect(FullTick(100), {});
  Collect(FullTick(200), {});  // the supervisor's
  files_.Write(FakeProcess{.pid = 70, .parent_pid = 10});
  files_.Write("proc/70/smaps_rollup", Rollup(100, 4, 6));
  EXPECT_EQ(Collect(FullTick(300), {}).processes[1].pss_bytes, 100U * 1024);
}

TEST_F(ProcessCollectorTest, MemoryMapsMayTakeAThousandthOfTheTime) {
  files_.Write(FakeProcess{.pid = 10});
  files_.Write(FakeProcess{.pid = 11, .parent_pid = 10});
  files_.Write("proc/11/smaps_rollup", Rollup(100, 4, 6));
  Start(10);
  Collect(FullTick(100), {});
  EXPECT_EQ(Collect(FullTick(100.000001), {}).processes[1].pss_bytes, std::nullopt);
}

TEST_F(ProcessCollectorTest, WithoutServerTakesWorkersTheirChildrenAndMaster) {
  files_.Write(FakeProcess{.pid = 5, .command = "bash"});
  files_.Write(FakeProcess{.pid = 10, .parent_pid = 5, .command = "gunicorn: maste"});
  files_.Write(FakeProcess{.pid = 11, .parent_pid = 10, .command = "gunicorn: worke"});
  files_.Write(FakeProcess{.pid = 12, .parent_pid = 10, .command = "gunicorn: worke"});
  files_.Write(FakeProcess{.pid = 13, .parent_pid = 10, .command = "logger"});
  files_.Write(FakeProcess{.pid = 14, .parent_pid = 12, .command = "convert"});
  Start({});
  EXPECT_THAT(Pids(Collect(FullTick(1), {11, 12})), ElementsAre(10, 11, 12, 14));
}

TEST_F(ProcessCollectorTest, WithoutServerParentOfAnotherProgramIsLeftOut) {
  files_.Write(FakeProcess{.pid = 5, .command = "bash"});
  files_.Write(FakeProcess{.pid = 10, .parent_pid = 5, .command = "flask"});
  Start({});
  EXPECT_THAT(Pids(Collect(FullTick(1), {10})), ElementsAre(10));
}

TEST_F(ProcessCollectorTest, QuickTickReadsNothingAndRepeats) {
  files_.Write(FakeProcess{.pid = 10, .rss_kib = 1});
  Start(10);
  EXPECT_THAT(Pids(Collect(QuickTick(0.5), {10})), IsEmpty());
  Collect(FullTick(1), {10});
  files_.Write(FakeProcess{.pid = 10, .rss_kib = 2});
  const Sample sample = Collect(QuickTick(1.1), {10});
  EXPECT_EQ(sample.processes.front().rss_bytes, 1024U);
  EXPECT_EQ(sample.workers.front().process.rss_bytes, 1024U);
  EXPECT_EQ(sample.supervisor.pid, kSupervisor);
}

TEST_F(ProcessCollectorTest, DeadWorkerHasNoProcess) {
  Start({});
  const Sample sample = Collect(FullTick(1), {4711});
  EXPECT_EQ(sample.workers.front().process.pid, 0U);
  EXPECT_THAT(sample.unavailable, IsEmpty());
}

TEST_F(ProcessCollectorTest, WithoutProcSaysSoOnEveryTick) {
  files_.Remove("proc");
  Start({});
  for (const Tick& tick : {FullTick(1), QuickTick(1.1)}) {
    const Sample sample = Collect(tick, {10});
    EXPECT_THAT(sample.unavailable.at("processes"), HasSubstr("No such file"));
    EXPECT_THAT(sample.processes, IsEmpty());
  }
}

TEST(ProcessCollector, MeasuresThisProcessInTheRealProc) {
  const auto own_pid = static_cast<uint32_t>(getpid());
  // Somebody else plays the supervisor, so that this process may be the app.
  ProcessCollector collector(own_pid, "/proc", static_cast<uint32_t>(getppid()));
  Sample sample = SampleWithWorkers({own_pid});
  collector.Collect(FullTick(1), &sample);
  EXPECT_THAT(sample.unavailable, IsEmpty());
  const ProcessSample& process = sample.workers.front().process;
  ASSERT_EQ(process.pid, own_pid);
  EXPECT_EQ(process.parent_pid, static_cast<uint32_t>(getppid()));
  EXPECT_GT(process.rss_bytes, 500'000U);
  EXPECT_GE(process.threads, 1U);
  ASSERT_TRUE(process.file_descriptors.has_value());
  EXPECT_GE(*process.file_descriptors, 1U);
  EXPECT_LT(*process.file_descriptors, 1024U);
}

}  // namespace
}  // namespace stirbar
