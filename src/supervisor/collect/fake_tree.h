// Files made by hand that stand for /proc and /sys/fs/cgroup in the tests of the collectors.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

struct FakeProcess {
  uint32_t pid = 0;
  uint32_t parent_pid = 1;
  std::string command = "python3";
  char state = 'S';
  uint32_t threads = 1;
  uint64_t cpu_ticks = 0;
  uint64_t start_ticks = 1000;
  uint64_t rss_kib = 0;
};

// Owns: a new directory under the system's temporary one, removed with all that is in it.
class FakeTree {
 public:
  FakeTree() {
    std::string name = (std::filesystem::temp_directory_path() / "stirbar-collect-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  FakeTree(const FakeTree&) = delete;
  FakeTree& operator=(const FakeTree&) = delete;
  ~FakeTree() { std::filesystem::remove_all(root_); }

  std::string root() const { return root_.string(); }
  std::string proc() const { return (root_ / "proc").string(); }

  // Makes the directories that `path` (below the root) needs.
  void Write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void Link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::filesystem::create_symlink(target, root_ / path);
  }
  void Remove(const std::string& path) const { std::filesystem::remove_all(root_ / path); }

  // Writes stat, status and an empty fd directory; a second call changes the figures.
  void Write(const FakeProcess& process) const {
    const std::string directory = ProcessDirectory(process.pid);
    std::filesystem::create_directories(root_ / directory / "fd");
    Write(directory + "/stat",
          std::to_string(process.pid) + " (" + process.command + ") " + process.state + " " +
              std::to_string(process.parent_pid) + " 1 1 0 -1 4194560 9 0 0 0 " +
              std::to_string(process.cpu_ticks) + " 0 0 0 20 0 " + std::to_string(process.threads) +
              " 0 " + std::to_string(process.start_ticks) + " 1000 10 18446744073709551615\n");
    Write(directory + "/status", "Name:\tx\nVmRSS:\t  " + std::to_string(process.rss_kib) +
                                     " kB\nThreads:\t1\nvoluntary_ctxt_switches:\t7\n"
                                     "nonvoluntary_ctxt_switches:\t3\n");
  }
  // Writes /proc/PID/task/THREAD/children.
  void WriteChildren(uint32_t pid, uint32_t thread, const std::string& children) const {
    Write(ProcessDirectory(pid) + "/task/" + std::to_string(thread) + "/children", children);
  }
  void RemoveProcess(uint32_t pid) const { Remove(ProcessDirectory(pid)); }

 private:
  static std::string ProcessDirectory(uint32_t pid) { return "proc/" + std::to_string(pid); }

  std::filesystem::path root_;
};

// A full tick at `seconds` of the monotonic clock.
inline Tick FullTick(double seconds) {
  return Tick{static_cast<uint64_t>(seconds * 1e9), 1'700'000'000'000'000'000U, true};
}
// One between two full ones.
inline Tick QuickTick(double seconds) {
  Tick tick = FullTick(seconds);
  tick.full = false;
  return tick;
}

// A sample in which the segment collector has found workers with these pids.
inline Sample SampleWithWorkers(std::initializer_list<uint32_t> pids) {
  Sample sample;
  for (const uint32_t pid : pids) {
    WorkerSample worker;
    worker.slot = static_cast<uint32_t>(sample.workers.size());
    worker.pid = pid;
    sample.workers.push_back(worker);
  }
  return sample;
}

}  // namespace stirbar
