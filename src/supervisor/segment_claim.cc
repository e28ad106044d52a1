#include "supervisor/segment_claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "segment/events.h"
#include "supervisor/log.h"

namespace stirbar {
namespace {

// Whether `file` is still what lies at `path`: the one who held the lock may have removed it.
bool IsAt(int file, const std::string& path) {
  struct stat held {};
  struct stat present {};
  return fstat(file, &held) == 0 && stat(path.c_str(), &present) == 0 &&
         held.st_dev == present.st_dev && held.st_ino == present.st_ino;
}

}  // namespace

Result<int> TakeLock(const std::string& path) {
  for (;;) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return ErrnoError("open " + path, errno);
    const bool locked = flock(file, LOCK_EX | LOCK_NB) == 0;
    const int code = errno;
    if (locked && IsAt(file, path)) return file;
    close(file);
    if (locked) continue;
    if (code == EWOULDBLOCK) return -1;
    return ErrnoError("lock " + path, code);
  }
}

Result<std::unique_ptr<SegmentMapping>> TakeSegment(const std::string& path,
                                                    const std::string& app_name) {
  auto mapping = SegmentMapping::CreateOrOpen(path, app_name);
  if (mapping) return mapping;
  const std::string reason = mapping.error();
  const std::string aside = path + ".refused";
  if (rename(path.c_str(), aside.c_str()) != 0) return Error{reason};
  Log(Severity::kWarning, "segment refused: " + reason + "; put aside as " + aside);
  mapping = SegmentMapping::CreateOrOpen(path, app_name);
  if (mapping) {
    AppendEvent((*mapping)->segment(),
                {.kind = EventKind::kSegmentRefused, .severity = Severity::kWarning},
                "the segment was refused and made anew: " + reason);
  }
  return mapping;
}

}  // namespace stirbar
