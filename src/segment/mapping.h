// Making, checking and mapping the segment file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "segment/layout.h"

namespace stirbar {

// The folder of this user's segments, made with mode 0700 when missing: $STIRBAR_RUNTIME_DIR, else
// /dev/shm/stirbar-UID. Absolute, as processes change their directory. Failure: it belongs to
// somebody else or others may write to it; /dev/shm is open to all, and a foreign folder there may
// be a trap.
Result<std::string> SegmentFolder();

// `name` made fit for a file name: letters, digits, '.', '_' and '-', at most 64 of them.
std::string SafeName(std::string_view name);

// A mapped segment, until the object goes. The probe never lets its own go: a request may be on its
// way through it.
class SegmentMapping {
 public:
  // Makes a new segment at `path` (mode 0600) and maps it. When `path` exists already, that one is
  // opened instead: of several who create at once, all get the same. Failure: as Open, or the
  // system's reason.
  static Result<std::unique_ptr<SegmentMapping>> CreateOrOpen(const std::string& path,
                                                              std::string_view app_name);

  // Maps an existing segment. Where this process may not open it any more, because its server has
  // given up root's rights (gunicorn --user, uWSGI's uid), the descriptor that `stirbar run` has
  // handed down serves ($STIRBAR_SEGMENT_DESCRIPTOR). Failure: missing, not a plain file of this
  // user or open to others, truncated, of another version or build, or not a segment at all; the
  // error says which.
  static Result<std::unique_ptr<SegmentMapping>> Open(const std::string& path);

  ~SegmentMapping();
  SegmentMapping(const SegmentMapping&) = delete;
  SegmentMapping& operator=(const SegmentMapping&) = delete;

  Segment& segment() const { return *segment_; }
  const std::string& path() const { return path_; }

  // A descriptor of the file that programs started from here inherit. -1: none is free.
  int HandDown() const;

  // Empty while the mapping is sound; else why it must not be used any more: pages lost, header
  // overwritten, file retired, or another file at its path. Time: one or two stats.
  std::string Defect() const;

 private:
  SegmentMapping(std::string path, int file, Segment* segment, size_t guard);

  std::string path_;
  int file_;  // open as long as the guard may look at it
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  Segment* segment_;
  size_t guard_;  // its place in the SIGBUS guard
};

// Why `header` is not one of a segment that this build can use; empty when it is.
std::string HeaderDefect(const Header& header, uint64_t file_bytes);

}  // namespace stirbar
