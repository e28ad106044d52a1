#include "supervisor/collect/cgroup_collector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "supervisor/collect/kernel_file.h"
#include "supervisor/collect/machine_collector.h"

namespace stirbar {
namespace {

// v1's memory.stat has 40 lines, v2's 60 and growing.
using Buffer = std::array<char, 8192>;

// The file names and keys in which the two versions differ.
struct MemoryFiles {
  const char* limit;
  const char* current;
  const char* inactive_key;
};
constexpr MemoryFiles kMemoryFiles1{"/memory.limit_in_bytes", "/memory.usage_in_bytes",
                                    "total_inactive_file "};
constexpr MemoryFiles kMemoryFiles2{"/memory.max", "/memory.current", "inactive_file "};

const MemoryFiles& FilesOf(int version) { return version == 1 ? kMemoryFiles1 : kMemoryFiles2; }

// Absent: no such file, or not a number ("max", "-1").
std::optional<uint64_t> ReadNumber(const std::string& path) {
  std::array<char, 64> buffer;
  const auto text = ReadKernelFile(path, buffer);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  return TakeNumber(&rest);
}

std::optional<double> CpuLimitAt(const std::string& directory, int version) {
  std::optional<uint64_t> quota;
  std::optional<uint64_t> period;
  if (version == 1) {
    quota = ReadNumber(directory + "/cpu.cfs_quota_us");
    period = ReadNumber(directory + "/cpu.cfs_period_us");
  } else {
    std::array<char, 64> buffer;
    const auto text = ReadKernelFile(directory + "/cpu.max", buffer);
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    quota = TakeNumber(&rest);
    period = TakeNumber(&rest);
  }
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> CpuLimit(const CgroupMembership& membership) {
  const int version = membership.cpu_v1 ? 1 : 2;
  const auto& location = membership.cpu_v1 ? membership.cpu_v1 : membership.unified;
  std::optional<double> smallest;
  if (!location) return smallest;
  for (const std::string& directory : location->Levels()) {
    const std::optional<double> limit = CpuLimitAt(directory, version);
    if (limit && (!smallest || *limit < *smallest)) smallest = limit;
  }
  return smallest;
}

std::map<std::string, uint64_t> MemoryEvents(const std::string& directory, int version) {
  std::map<std::string, uint64_t> events;
  std::array<char, 512> buffer;
  if (version == 1) {
    if (const auto failures = ReadNumber(directory + "/memory.failcnt")) events["max"] = *failures;
    const auto text = ReadKernelFile(directory + "/memory.oom_control", buffer);
    const auto kills = text ? NumberAfter(*text, "oom_kill ") : std::nullopt;
    if (kills) events["oom_kill"] = *kills;
    return events;
  }
  const auto text = ReadKernelFile(directory + "/memory.events", buffer);
  if (!text) return events;
  for (const char* const name : {"low", "high", "max", "oom", "oom_kill"}) {
    const auto count = NumberAfter(*text, std::string(name) + " ");
    if (count) events[name] = *count;
  }
  return events;
}

}  // namespace

CgroupCollector::CgroupCollector(std::optional<uint32_t> server_pid, std::string proc)
    : proc_(std::move(proc)), tracker_(server_pid, proc_) {}

void CgroupCollector::Collect(const Tick& tick, Sample* sample) {
  if (tick.full) {
    auto measured = Measure(tick, *sample);
    failure_ = measured ? "" : measured.error();
    cgroup_ = measured ? *std::move(measured) : CgroupSample{};
  }
  sample->machine.cgroup = cgroup_;
  if (!failure_.empty()) sample->unavailable[std::string(name())] = failure_;
}

Result<CgroupSample> CgroupCollector::Measure(const Tick& tick, const Sample& sample) {
  const auto membership = tracker_.Follow(tick, sample);
  if (!membership) return Error{membership.error()};
  if (lookups_ != tracker_.lookups()) {
    auto bounds = FindBounds(*membership);
    if (!bounds) return Error{bounds.error()};
    bounds_ = *std::move(bounds);
    lookups_ = tracker_.lookups();
  }

  CgroupSample cgroup;
  cgroup.version = bounds_.version;
  cgroup.path = bounds_.path;
  cgroup.memory_limit_bytes = bounds_.memory_bytes;
  cgroup.cpu_limit = bounds_.cpus;
  const MemoryFiles& files = FilesOf(bounds_.version);
  // The root cgroup of v2 has no memory.current; it has no limit either, so nothing is lost.
  cgroup.memory_current_bytes = ReadNumber(bounds_.directory + files.current).value_or(0);
  Buffer buffer;
  if (const auto text = ReadKernelFile(bounds_.directory + "/memory.stat", buffer)) {
    cgroup.memory_inactive_file_bytes = NumberAfter(*text, files.inactive_key).value_or(0);
  }
  cgroup.memory_events = MemoryEvents(bounds_.directory, bounds_.version);
  return cgroup;
}

Result<CgroupCollector::Bounds> CgroupCollector::FindBounds(
    const CgroupMembership& membership) const {
  const auto& location = membership.memory_v1 ? membership.memory_v1 : membership.unified;
  if (!location) return Error{"no cgroup file system is mounted for the app's cgroup"};
  const auto memory = ReadMemoryInfo(proc_);
  const uint64_t machine_bytes = memory ? memory->total_bytes : UINT64_MAX;

  Bounds bounds;
  bounds.version = membership.memory_v1 ? 1 : 2;
  bounds.path = location->path;
  bounds.directory = location->directory;
  bounds.cpus = CpuLimit(membership);
  uint64_t smallest = machine_bytes;
  for (const std::string& directory : location->Levels()) {
    const auto limit = ReadNumber(directory + FilesOf(bounds.version).limit);
    if (!limit || *limit >= smallest) continue;
    smallest = *limit;
    bounds.memory_bytes = limit;
    bounds.directory = directory;
  }
  const size_t levels_up = location->directory.size() - bounds.directory.size();
  if (levels_up > 0 && levels_up < bounds.path.size()) {
    bounds.path.resize(bounds.path.size() - levels_up);
  }
  if (bounds.version == 1) {
    // v1 knows limits set above what is visible here, as it is in a container.
    Buffer buffer;
    const auto text = ReadKernelFile(location->directory + "/memory.stat", buffer);
    const auto limit = text ? NumberAfter(*text, "hierarchical_memory_limit ") : std::nullopt;
    if (limit && *limit < smallest) bounds.memory_bytes = limit;
  }
  return bounds;
}

}  // namespace stirbar
