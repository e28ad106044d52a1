#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "supervisor/collect/process_stat.h"

namespace stirbar {

// Finds the processes that descend from given ones.
//
// Where the kernel has /proc/PID/task/TID/children, it is followed downwards: the main thread's at
// every call; those of the other threads, which have children of their own, only at every tenth (16
// workers with 10 threads would be 160 files). Elsewhere /proc is listed, and /proc/PID/stat read
// of processes not met before; those known to be foreign are read again at every tenth call,
// because a pid may have been given to another process. A process found once is kept for as long as
// its parent, as the kernel tells it, is in the tree.
//
// Threads: one. Time: 6 us a process of the tree; without `children`, also 1 us a process of the
// machine, and 6 us at every tenth call. Failure: processes that end while they are looked at are
// left out.
class ProcessTree {
 public:
  // `left_out` and its descendants never belong to the tree: the supervisor may be a child of the
  // app.
  ProcessTree(std::string proc, uint32_t left_out);

  // The living among `roots`, and all that descend from them, by pid.
  std::vector<ProcessStat> Update(const std::vector<uint32_t>& roots);

 private:
  // Reads the process unless this call has done so already.
  void Read(uint32_t pid);
  void FollowChildren();
  void ReadChildrenOf(uint32_t pid, uint32_t thread);
  void ScanMachine();
  bool Belongs(uint32_t pid, std::map<uint32_t, bool>* known) const;

  const std::string proc_;
  const uint32_t left_out_;
  const bool has_children_files_;
  uint64_t updates_ = 0;
  bool thorough_ = true;  // this call is one of every tenth
  std::vector<uint32_t> roots_;
  std::vector<uint32_t> members_;         // of the last call
  std::unordered_set<uint32_t> foreign_;  // met, not in the tree; only without `children`
  std::map<uint32_t, ProcessStat> read_;  // in this call
  std::vector<uint32_t> order_;           // keys of read_, in the order of reading
};

}  // namespace stirbar
