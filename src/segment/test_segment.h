// For the tests of the segment: one in a folder of its own, and ways to die at any instruction.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "segment/mapping.h"

namespace stirbar {

// Owns: a new folder in shared memory, removed with all that is in it.
class TestFolder {
 public:
  TestFolder() {
    std::string name = "/dev/shm/stirbar-test-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Owns: a segment in a TestFolder.
class TestSegment {
 public:
  TestSegment() {
    auto made = SegmentMapping::CreateOrOpen(folder_.File("app.segment"), "test");
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error());
    mapping_ = std::move(*made);
  }

  Segment& operator*() const { return mapping_->segment(); }
  Segment* operator->() const { return &mapping_->segment(); }
  SegmentMapping& mapping() const { return *mapping_; }
  const std::string& path() const { return mapping_->path(); }

 private:
  TestFolder folder_;
  std::unique_ptr<SegmentMapping> mapping_;
};

// Memory that forks share.
template <typename T>
class Shared {
 public:
  Shared()
      : value_(static_cast<T*>(
            mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(static_cast<void*>(value_), sizeof(T)); }
  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

// Runs `work` in a child process, which then ends with status 0.
inline pid_t RunInChild(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  return child;
}

// The child's wait status.
inline int Await(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

// Runs `work` in a child one instruction at a time, and `look` here after every `stride` of them:
// what it sees in shared memory is what a kill at that instruction would have left. Returns the
// number of instructions; 0 where the system does not allow to trace, and under TSan, which
// multiplies them and has nothing to look for in one thread.
inline size_t ForEachInstruction(size_t stride, const std::function<void()>& work,
                                 const std::function<void()>& look) {
#ifdef __SANITIZE_THREAD__
  return 0;
#endif
  const Shared<std::atomic<int>> done;
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    raise(SIGSTOP);
    work();
    done->store(1);
    for (;;) pause();
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) return 0;
  size_t count = 0;
  while (done->load() == 0) {
    if (ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0) break;
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) break;
    if (++count % stride == 0) look();
  }
  EXPECT_EQ(done->load(), 1) << "the child ended early, status " << status;
  look();
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return count;
}

}  // namespace stirbar
