// Where the cgroups of a process are in the file system.
//
// /proc/PID/cgroup tells the path of a cgroup within its hierarchy, /proc/self/mountinfo which part
// of which hierarchy is mounted where:
//
//   /proc/PID/cgroup      0::/system.slice/app.service            v2
//                         4:memory:/docker/1f3c                   v1, one line a hierarchy
//   /proc/self/mountinfo  30 24 0:26 /docker/1f3c /sys/fs/cgroup/memory ro - cgroup cgroup
//   rw,memory
//                                    root         mount point                              options
//
// The directory is the mount point with what is left of the path behind the root. In a container
// the path may be "/" or begin with "/..", because both are told as seen from the reader's cgroup
// namespace; and a removed cgroup still stands there with " (deleted)" behind it. So the directory
// is the nearest one upwards that exists, at worst the mount point.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "supervisor/supervisor.h"

namespace stirbar {

struct CgroupLocation {
  std::string path;         // within the hierarchy, as in /proc/PID/cgroup
  std::string directory;    // where it is found
  std::string mount_point;  // `directory` or one above it

  // `directory` and all above it as far as they are visible.
  std::vector<std::string> Levels() const;
};

// On a hybrid machine a process is in cgroups of both versions, and each controller in one of them.
struct CgroupMembership {
  std::optional<CgroupLocation> unified;    // v2
  std::optional<CgroupLocation> memory_v1;  // where that controller is attached to v1
  std::optional<CgroupLocation> cpu_v1;
};

// Failure: no such process, or one of the two files cannot be read.
Result<CgroupMembership> FindCgroups(const std::string& proc, uint32_t pid);

// Follows the app's cgroups: those of the server, where its pid is known and it lives, otherwise of
// the first living worker, looked up again every 10 s.
//
// Threads: one. Time: nothing; 100 us every 10 s.
class CgroupTracker {
 public:
  CgroupTracker(std::optional<uint32_t> server_pid, std::string proc);

  // Failure: there has been no process to ask yet. Later on, where all have ended, the last answer
  // stands.
  Result<CgroupMembership> Follow(const Tick& tick, const Sample& sample);

  // Goes up with every look-up: what was derived from the answer before is to be made anew.
  uint64_t lookups() const { return lookups_; }

 private:
  const std::optional<uint32_t> server_pid_;
  const std::string proc_;
  std::optional<CgroupMembership> membership_;
  uint64_t looked_up_ns_ = 0;
  uint64_t lookups_ = 0;
};

}  // namespace stirbar
