#include "supervisor/collect/process_tree.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

constexpr uint64_t kThoroughEvery = 10;

std::string ChildrenPath(const std::string& proc, uint32_t pid, uint32_t thread) {
  return ProcPath(ProcPath(proc, pid, "task"), thread, "children");
}

}  // namespace

ProcessTree::ProcessTree(std::string proc, uint32_t left_out)
    : proc_(std::move(proc)),
      left_out_(left_out),
      has_children_files_(access(ChildrenPath(proc_, left_out, left_out).c_str(), R_OK) == 0) {}

std::vector<ProcessStat> ProcessTree::Update(const std::vector<uint32_t>& roots) {
  // A new root may have been met as a foreigner, and its children too.
  thorough_ = updates_++ % kThoroughEvery == 0 || roots != roots_;
  roots_ = roots;
  read_.clear();
  order_.clear();
  for (const uint32_t pid : roots_) Read(pid);
  for (const uint32_t pid : members_) Read(pid);
  if (has_children_files_) {
    FollowChildren();
  } else {
    ScanMachine();
  }

  std::map<uint32_t, bool> known;
  std::vector<ProcessStat> tree;
  members_.clear();
  for (auto& [pid, stat] : read_) {
    if (Belongs(pid, &known)) {
      members_.push_back(pid);
      tree.push_back(std::move(stat));
    } else if (!has_children_files_) {
      foreign_.insert(pid);
    }
  }
  return tree;
}

void ProcessTree::Read(uint32_t pid) {
  if (read_.contains(pid)) return;
  auto stat = ReadProcessStat(proc_, pid);
  if (!stat) return;
  read_.emplace(pid, *std::move(stat));
  order_.push_back(pid);
}

void ProcessTree::FollowChildren() {
  for (size_t i = 0; i < order_.size(); ++i) {  // grows while it is walked
    const uint32_t pid = order_[i];
    if (pid == left_out_) continue;
    ReadChildrenOf(pid, pid);
    if (!thorough_ || read_.at(pid).threads <= 1) continue;
    const auto threads = ListNumbers(ProcPath(proc_, pid, "task"));
    if (!threads) continue;
    for (const uint32_t thread : *threads) {
      if (thread != pid) ReadChildrenOf(pid, thread);
    }
  }
}

void ProcessTree::ReadChildrenOf(uint32_t pid, uint32_t thread) {
  const auto text = ReadWholeFile(ChildrenPath(proc_, pid, thread));
  if (!text) return;
  std::string_view rest = *text;
  while (const std::optional<uint64_t> child = TakeNumber(&rest)) {
    Read(static_cast<uint32_t>(*child));
  }
}

void ProcessTree::ScanMachine() {
  const auto listed = ListNumbers(proc_);
  if (!listed) return;
  std::unordered_set<uint32_t> still_foreign;
  for (const uint32_t pid : *listed) {
    if (!thorough_ && foreign_.contains(pid) && !read_.contains(pid)) {
      still_foreign.insert(pid);
    } else {
      Read(pid);
    }
  }
  foreign_ = std::move(still_foreign);
}

bool ProcessTree::Belongs(uint32_t pid, std::map<uint32_t, bool>* known) const {
  const auto stat = read_.find(pid);
  if (stat == read_.end() || pid == left_out_) return false;
  if (std::find(roots_.begin(), roots_.end(), pid) != roots_.end()) return true;
  // The entry made here also ends a circle, which pids reused between two reads could form.
  const auto [entry, is_new] = known->emplace(pid, false);
  if (is_new) {
    const bool belongs = Belongs(stat->second.parent_pid, known);
    known->at(pid) = belongs;
    return belongs;
  }
  return entry->second;
}

}  // namespace stirbar
