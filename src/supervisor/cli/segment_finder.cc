#include "supervisor/cli/segment_finder.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "segment/identity.h"
#include "segment/published.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

// A supervisor beats four times a second; three seconds are no accident.
constexpr Nanoseconds kFresh{3'000'000'000};
// A segment without anybody is dead, or its app is just starting.
constexpr Nanoseconds kStartsWithin{60'000'000'000};

std::string AppNameOf(const Segment& segment) {
  return std::string(segment.header.app_name,
                     strnlen(segment.header.app_name, sizeof(Header::app_name)));
}

FoundSegment Describe(const SegmentMapping& mapping) {
  const Segment& segment = mapping.segment();
  FoundSegment found;
  found.path = mapping.path();
  found.app_name = AppNameOf(segment);
  found.age = AgeOf(segment.header.created_monotonic_ns, MonotonicNs());
  found.has_supervisor = IsRunning(segment.supervisor.owner.load());
  for (const WorkerSlot& slot : segment.workers) {
    const ProcessIdentity owner = slot.owner.load(std::memory_order_acquire);
    if (owner != 0 && IsRunning(owner)) ++found.workers;
  }
  return found;
}

std::vector<std::string> SegmentFiles() {
  std::vector<std::string> files;
  const Result<std::string> folder = SegmentFolder();
  if (!folder) return files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(*folder, ignored)) {
    if (entry.path().extension() == ".segment") files.push_back(entry.path().string());
  }
  return files;
}

}  // namespace

std::vector<FoundSegment> ListSegments() {
  std::vector<FoundSegment> found;
  for (const std::string& file : SegmentFiles()) {
    const auto mapping = SegmentMapping::Open(file);
    if (mapping) found.push_back(Describe(**mapping));
  }
  return found;
}

void RemoveDeadSegments() {
  for (const FoundSegment& segment : ListSegments()) {
    if (segment.has_supervisor || segment.workers > 0 || segment.age < kStartsWithin) continue;
    unlink(segment.path.c_str());
    unlink((segment.path + ".lock").c_str());
  }
}

Result<std::unique_ptr<SegmentMapping>> FindSegment(const std::string& path,
                                                    const std::string& name) {
  if (!path.empty()) return SegmentMapping::Open(path);
  const char* const configured = std::getenv("STIRBAR_SEGMENT");
  if (name.empty() && configured != nullptr && *configured != '\0') {
    return SegmentMapping::Open(configured);
  }
  std::vector<FoundSegment> candidates;
  std::string listed;
  for (FoundSegment& segment : ListSegments()) {
    if (!segment.has_supervisor && segment.workers == 0) continue;
    listed += "\n  --name " + segment.app_name + "   (" + std::to_string(segment.workers) +
              " workers, " + segment.path + ")";
    if (name.empty() || segment.app_name == name) candidates.push_back(std::move(segment));
  }
  if (candidates.size() == 1) return SegmentMapping::Open(candidates.front().path);
  if (listed.empty()) {
    return Error{"no app is watched by Stirbar here (user " + std::to_string(geteuid()) +
                 "); start one with: stirbar run -- COMMAND"};
  }
  if (candidates.empty()) return Error{"no app is named '" + name + "'; there are:" + listed};
  return Error{"several apps are watched; choose one by --name or --segment:" + listed};
}

bool IsWatched(const SegmentMapping& mapping) {
  const SupervisorBlock& supervisor = mapping.segment().supervisor;
  const uint64_t heartbeat = supervisor.heartbeat_ns.load(std::memory_order_relaxed);
  return heartbeat != 0 && AgeOf(heartbeat, MonotonicNs()) <= kFresh &&
         IsRunning(supervisor.owner.load(std::memory_order_acquire));
}

Result<std::string> FreshSnapshot(const SegmentMapping& mapping) {
  const SupervisorBlock& supervisor = mapping.segment().supervisor;
  const uint64_t heartbeat = supervisor.heartbeat_ns.load(std::memory_order_relaxed);
  const Nanoseconds age = AgeOf(heartbeat, MonotonicNs());
  if (heartbeat == 0) return Error{"no supervisor watches " + AppNameOf(mapping.segment())};
  if (age > kFresh) {
    char text[96];
    std::snprintf(text, sizeof text, "the supervisor (pid %u) has been silent for %.1f s",
                  PidOf(supervisor.owner.load()), Seconds(age));
    return Error{text};
  }
  std::optional<std::string> snapshot = ReadSnapshot(mapping.segment());
  if (!snapshot) return Error{"the supervisor has not published anything yet"};
  return std::move(*snapshot);
}

}  // namespace stirbar
