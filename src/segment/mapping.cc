#include "segment/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/clock.h"
#include "segment/bus_guard.h"

namespace stirbar {
namespace {

// Owns a file descriptor.
class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

constexpr const char* kDescriptorVariable = "STIRBAR_SEGMENT_DESCRIPTOR";

bool IsForbidden(int code) { return code == EACCES || code == EPERM; }

// A copy of the descriptor that `stirbar run` has left open for its server; -1: there is none.
int HandedDown() {
  const char* const text = std::getenv(kDescriptorVariable);
  if (text == nullptr || *text < '0' || *text > '9') return -1;
  return fcntl(std::atoi(text), F_DUPFD_CLOEXEC, 3);
}

Result<Segment*> Map(int file, const std::string& path) {
  void* const pages =
      mmap(nullptr, sizeof(Segment), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (pages == MAP_FAILED) return ErrnoError("mmap " + path, errno);
  madvise(pages, sizeof(Segment), MADV_DONTDUMP);  // 190 MB of holes have no place in a core file
  return static_cast<Segment*>(pages);
}

// Fills a fresh, all-zero segment. The magic goes last.
void Initialise(Segment* segment, std::string_view app_name) {
  Header& header = segment->header;
  header.layout_version = kLayoutVersion;
  header.header_bytes = sizeof(Header);
  header.segment_bytes = sizeof(Segment);
  header.layout_digest = kLayoutDigest;
  header.created_wall_ns = WallNs();
  header.created_monotonic_ns = MonotonicNs();
  std::snprintf(header.app_name, sizeof header.app_name, "%.*s", static_cast<int>(app_name.size()),
                app_name.data());
  for (const SettingSpec& spec : kSettingSpecs) {
    segment->config.value[static_cast<size_t>(spec.id)] = std::bit_cast<uint64_t>(spec.initial);
  }
  for (const uint32_t route : {kRouteUnmatched, kRouteOther}) {
    segment->routes[route].state = static_cast<uint32_t>(RouteState::kReady);
  }
  header.route_count = 2;
  header.host_count = kHostOther + 1;
  header.pool_count = kPoolOther + 1;
  header.next_incarnation = 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  header.magic = kSegmentMagic;
}

}  // namespace

Result<std::string> SegmentFolder() {
  const char* const configured = std::getenv("STIRBAR_RUNTIME_DIR");
  std::string folder = configured != nullptr && *configured != '\0'
                           ? std::string(configured)
                           : "/dev/shm/stirbar-" + std::to_string(geteuid());
  if (folder.front() != '/') {
    std::error_code code;
    const std::filesystem::path here = std::filesystem::current_path(code);
    if (code) return Error{"current directory: " + code.message()};
    folder = (here / folder).string();
  }
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoError("mkdir " + folder, errno);
  }
  struct stat info {};
  if (lstat(folder.c_str(), &info) != 0) return ErrnoError("stat " + folder, errno);
  if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 0022U) != 0) {
    return Error{folder + ": must be a folder of this user that nobody else can write to"};
  }
  return folder;
}

std::string SafeName(std::string_view name) {
  std::string safe;
  for (const char letter : name.substr(0, 64)) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' ||
                       letter == '.';
    safe += plain ? letter : '_';
  }
  if (safe.empty() || safe.front() == '.') safe.insert(0, "app");
  return safe;
}

std::string HeaderDefect(const Header& header, uint64_t file_bytes) {
  if (header.magic == 0) return "not a segment: its first bytes are zero";
  if (header.magic != kSegmentMagic) return "not a segment: its first bytes are noise";
  if (header.layout_version != kLayoutVersion) {
    return "layout version " + std::to_string(header.layout_version) + ", this build uses " +
           std::to_string(kLayoutVersion);
  }
  if (header.header_bytes != sizeof(Header) || header.segment_bytes != sizeof(Segment) ||
      header.layout_digest != kLayoutDigest) {
    return "made by a build with another layout";
  }
  if (file_bytes < sizeof(Segment)) {
    return "truncated: " + std::to_string(file_bytes) + " of " + std::to_string(sizeof(Segment)) +
           " bytes";
  }
  return {};
}

SegmentMapping::SegmentMapping(std::string path, int file, Segment* segment, size_t guard)
    : path_(std::move(path)), file_(file), segment_(segment), guard_(guard) {
  struct stat info {};
  if (fstat(file, &info) == 0) {
    device_ = info.st_dev;
    inode_ = info.st_ino;
  }
}

SegmentMapping::~SegmentMapping() {
  UnguardMapping(guard_);
  munmap(segment_, sizeof(Segment));
  close(file_);
}

Result<std::unique_ptr<SegmentMapping>> SegmentMapping::Open(const std::string& path) {
  int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  const int code = errno;
  if (descriptor < 0 && IsForbidden(code)) descriptor = HandedDown();
  File file(descriptor);
  if (file.get() < 0) return ErrnoError("open " + path, code);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return ErrnoError("stat " + path, errno);
  if (!S_ISREG(info.st_mode) || (info.st_mode & 0077U) != 0) {
    return Error{path + ": must be a plain file with mode 0600"};
  }
  const auto bytes = static_cast<uint64_t>(info.st_size);
  // The header is read, not mapped, so that a file that is too short is refused and not touched.
  Header header{};
  const ssize_t got = pread(file.get(), static_cast<void*>(&header), sizeof header, 0);
  if (got < 0) return ErrnoError("read " + path, errno);
  if (got < static_cast<ssize_t>(sizeof header)) {
    return Error{path + ": truncated: " + std::to_string(bytes) + " of " +
                 std::to_string(sizeof(Segment)) + " bytes"};
  }
  if (std::string defect = HeaderDefect(header, bytes); !defect.empty()) {
    return Error{path + ": " + defect};
  }
  Result<Segment*> segment = Map(file.get(), path);
  if (!segment) return Error{segment.error()};
  const std::optional<size_t> guard = GuardMapping(*segment, sizeof(Segment), file.get());
  if (!guard) {
    munmap(*segment, sizeof(Segment));
    return Error{path + ": this process has too many segments mapped"};
  }
  return std::unique_ptr<SegmentMapping>(
      new SegmentMapping(path, file.Release(), *segment, *guard));
}

int SegmentMapping::HandDown() const { return fcntl(file_, F_DUPFD, 3); }

Result<std::unique_ptr<SegmentMapping>> SegmentMapping::CreateOrOpen(const std::string& path,
                                                                     std::string_view app_name) {
  if (access(path.c_str(), F_OK) == 0) return Open(path);
  // A name of its own for each creator: threads share a pid, and so may containers.
  std::string draft = path + ".new-XXXXXX";
  File file(mkostemp(draft.data(), O_CLOEXEC));
  if (file.get() < 0) return ErrnoError("create " + draft, errno);
  if (ftruncate(file.get(), sizeof(Segment)) != 0) {
    const int code = errno;
    unlink(draft.c_str());
    return ErrnoError("resize " + draft, code);
  }
  // The parts that everybody writes get their memory now: with /dev/shm full, that is an error
  // here and not a SIGBUS later.
  int code = EINTR;
  while (code == EINTR) code = posix_fallocate(file.get(), 0, offsetof(Segment, snapshots));
  Result<Segment*> segment =
      code == 0 ? Map(file.get(), draft) : ErrnoError("allocate " + draft, code);
  if (!segment) {
    unlink(draft.c_str());
    return Error{segment.error()};
  }
  Initialise(*segment, app_name);
  munmap(*segment, sizeof(Segment));
  // link() puts the finished file in place only when nobody else was first.
  const int linked = link(draft.c_str(), path.c_str());
  const int link_code = errno;
  unlink(draft.c_str());
  if (linked != 0 && link_code != EEXIST) return ErrnoError("link " + path, link_code);
  return Open(path);
}

std::string SegmentMapping::Defect() const {
  if (IsLost(guard_)) return "its pages are gone: the file was truncated, or shared memory is full";
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0) {
    const bool hidden = IsForbidden(errno) && fstat(file_, &info) == 0 && info.st_nlink > 0;
    if (!hidden) return "its file is gone";
  }
  if (info.st_dev != device_ || info.st_ino != inode_) return "its file has been replaced";
  if (segment_->header.retired.load(std::memory_order_relaxed) != 0) return "retired";
  return HeaderDefect(segment_->header, static_cast<uint64_t>(info.st_size));
}

}  // namespace stirbar
