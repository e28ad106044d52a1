#include "supervisor/collect/cgroup_location.h"

#include <unistd.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

// Limits and memberships change by an operator's hand: seconds are soon enough.
constexpr Nanoseconds kLookUpEvery = std::chrono::seconds(10);

struct CgroupMount {
  bool unified = false;
  std::string root;
  std::string point;
  std::string options;  // of v1: its controllers among others
};

// Takes the text up to `separator`, which it drops.
std::string_view TakeUntil(std::string_view* text, char separator) {
  const size_t end = text->find(separator);
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return word;
}

// mountinfo writes blanks in paths as \040.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<CgroupMount> ParseMounts(std::string_view text) {
  std::vector<CgroupMount> mounts;
  while (!text.empty()) {
    std::string_view line = TakeUntil(&text, '\n');
    const size_t dash = line.find(" - cgroup");  // cgroup or cgroup2
    if (dash == std::string_view::npos) continue;
    std::string_view behind = line.substr(dash + 3);
    CgroupMount mount;
    mount.unified = TakeUntil(&behind, ' ') == "cgroup2";
    TakeUntil(&behind, ' ');  // source
    mount.options = behind;
    for (int field = 0; field < 3; ++field) TakeUntil(&line, ' ');  // id, parent, device
    mount.root = Unescape(TakeUntil(&line, ' '));
    mount.point = Unescape(TakeUntil(&line, ' '));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool ListContains(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (TakeUntil(&list, ',') == word) return true;
  }
  return false;
}

// What of `path` lies below `root`: "/b" of "/a/b" below "/a". Empty where that cannot be told.
std::string_view Below(std::string_view path, std::string_view root) {
  std::string_view below = path;
  if (root != "/") {
    if (!path.starts_with(root)) return "";
    below.remove_prefix(root.size());
    if (!below.empty() && below.front() != '/') return "";
  }
  if (below == "/" || below.find("/..") != std::string_view::npos) return "";
  return below;
}

std::optional<CgroupLocation> Locate(std::string_view path, const std::vector<CgroupMount>& mounts,
                                     std::string_view controller) {
  std::optional<CgroupLocation> best;
  for (const CgroupMount& mount : mounts) {
    const bool fits = controller.empty()
                          ? mount.unified
                          : !mount.unified && ListContains(mount.options, controller);
    if (!fits) continue;
    CgroupLocation location{std::string(path), mount.point + std::string(Below(path, mount.root)),
                            mount.point};
    const std::string wanted = location.directory;
    while (location.directory.size() > mount.point.size() &&
           access(location.directory.c_str(), F_OK) != 0) {
      location.directory.resize(location.directory.rfind('/'));
    }
    // A hierarchy may be mounted several times: the mount that shows most of the path wins.
    if (!best || location.Levels().size() > best->Levels().size()) best = std::move(location);
  }
  return best;
}

}  // namespace

std::vector<std::string> CgroupLocation::Levels() const {
  std::vector<std::string> levels{directory};
  while (levels.back().size() > mount_point.size()) {
    levels.push_back(levels.back().substr(0, levels.back().rfind('/')));
  }
  return levels;
}

Result<CgroupMembership> FindCgroups(const std::string& proc, uint32_t pid) {
  const auto lines = ReadWholeFile(ProcPath(proc, pid, "cgroup"));
  if (!lines) return Error{lines.error()};
  const auto mountinfo = ReadWholeFile(proc + "/self/mountinfo");
  if (!mountinfo) return Error{mountinfo.error()};
  const std::vector<CgroupMount> mounts = ParseMounts(*mountinfo);

  CgroupMembership membership;
  std::string_view rest = *lines;
  while (!rest.empty()) {
    std::string_view line = TakeUntil(&rest, '\n');
    const std::string_view hierarchy = TakeUntil(&line, ':');
    const std::string_view controllers = TakeUntil(&line, ':');
    const std::string_view path = line;
    if (hierarchy == "0") membership.unified = Locate(path, mounts, "");
    if (ListContains(controllers, "memory")) membership.memory_v1 = Locate(path, mounts, "memory");
    if (ListContains(controllers, "cpu")) membership.cpu_v1 = Locate(path, mounts, "cpu");
  }
  return membership;
}

CgroupTracker::CgroupTracker(std::optional<uint32_t> server_pid, std::string proc)
    : server_pid_(server_pid), proc_(std::move(proc)) {}

Result<CgroupMembership> CgroupTracker::Follow(const Tick& tick, const Sample& sample) {
  if (membership_ && AgeOf(looked_up_ns_, tick.now_ns) < kLookUpEvery) return *membership_;
  std::vector<uint32_t> pids;
  if (server_pid_) pids.push_back(*server_pid_);
  for (const WorkerSample& worker : sample.workers) {
    if (worker.alive) pids.push_back(worker.pid);
  }
  std::string failure = "no process of the app yet";
  for (const uint32_t pid : pids) {
    auto found = FindCgroups(proc_, pid);
    if (!found) {
      failure = found.error();
      continue;
    }
    membership_ = *std::move(found);
    looked_up_ns_ = tick.now_ns;
    ++lookups_;
    return *membership_;
  }
  if (membership_) return *membership_;
  return Error{failure};
}

}  // namespace stirbar
