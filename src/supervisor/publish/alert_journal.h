// The file in which alerts and what has to be told outlive the supervisor.
//
//   9d3c0a1f {"step":{"state":{...},"notices":[...]}}\n      CRC-32 of what follows the space, hex
//
// Only appended to, a line for each record, so that a process killed at any byte leaves whole lines
// and at most the beginning of one, which the next start leaves out. What is no longer needed goes
// when the file is written anew beside itself and renamed.
//
// Why a file of its own and not the history's database: the outbox must work on the day when that
// file is corrupt or full, which is when there is something to tell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stirbar {

enum class Durability : uint8_t {
  kProcess,  // survives the end of the process
  kDisk,     // survives the end of the machine: fdatasync
};

// Threads: one at a time. Time: as the disk takes. Owns: the file and a lock beside it.
class AlertJournal {
 public:
  AlertJournal() = default;
  ~AlertJournal();
  AlertJournal(const AlertJournal&) = delete;
  AlertJournal& operator=(const AlertJournal&) = delete;

  // Takes alerts-NAME.journal in `folder`, which is made (0700) when it is not there; where another
  // process holds that, alerts-NAME.2.journal, up to 9. Returns the records. A file without one
  // good line is put aside as .damaged. Failure: no file can be had; says why. Time: 0.3 s at most
  // when all are held.
  Result<std::vector<std::string>> Open(const std::string& folder, const std::string& name);

  // Failure: it is not there whole; says why. The file may end in a part of a line then, until
  // Rewrite() or the next Append(), which begins a line of its own.
  Result<bool> Append(std::string_view record, Durability durability);
  // Puts exactly `records` in place of all that is there. Failure: all is as before.
  Result<bool> Rewrite(const std::vector<std::string>& records);

  bool open() const { return file_ >= 0; }
  uint64_t size() const { return size_; }
  uint64_t damaged_lines() const { return damaged_lines_; }
  const std::string& path() const { return path_; }

 private:
  std::vector<std::string> ReadRecords();

  std::string path_;
  int file_ = -1;
  int lock_ = -1;
  uint64_t size_ = 0;
  uint64_t damaged_lines_ = 0;
  bool torn_ = false;
};

uint32_t Crc32(std::string_view text);

}  // namespace stirbar
