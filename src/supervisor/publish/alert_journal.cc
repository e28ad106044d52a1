#include "supervisor/publish/alert_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/crc.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace stirbar {
namespace {

constexpr int kMostFiles = 9;  // supervisors of apps of one name
constexpr int kTries = 6;
constexpr std::chrono::milliseconds kPause{50};
constexpr size_t kLargestBytes = 64U << 20U;

std::string LineOf(std::string_view record) {
  std::array<char, 12> sum;
  std::snprintf(sum.data(), sum.size(), "%08x ", Crc32(record));
  return sum.data() + std::string(record) + "\n";
}

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

std::string ReadAll(int file) {
  std::string text;
  std::array<char, 65536> part;
  lseek(file, 0, SEEK_SET);
  for (;;) {
    const ssize_t count = read(file, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || text.size() > kLargestBytes) return text;
    text.append(part.data(), static_cast<size_t>(count));
  }
}

// -1: another process holds it. A supervisor that was killed a moment ago may still be on its way
// out, so it is tried for a while.
Result<int> TakeLock(const std::string& path, int tries) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return ErrnoError("open " + path, errno);
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (--tries <= 0) {
      close(file);
      return -1;
    }
    std::this_thread::sleep_for(kPause);
  }
  return file;
}

void SyncFolder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

}  // namespace

uint32_t Crc32(std::string_view text) {
  boost::crc_32_type sum;
  sum.process_bytes(text.data(), text.size());
  return sum.checksum();
}

AlertJournal::~AlertJournal() {
  if (file_ >= 0) close(file_);
  if (lock_ >= 0) close(lock_);
}

Result<std::vector<std::string>> AlertJournal::Open(const std::string& folder,
                                                    const std::string& name) {
  std::error_code code;
  if (!std::filesystem::is_directory(folder, code)) {
    std::filesystem::create_directories(folder, code);
    if (code) return Error{"create " + folder + ": " + code.message()};
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
  }
  for (int number = 1; number <= kMostFiles && lock_ < 0; ++number) {
    path_ =
        folder + "/alerts-" + name + (number > 1 ? "." + std::to_string(number) : "") + ".journal";
    const Result<int> lock = TakeLock(path_ + ".lock", number == 1 ? kTries : 1);
    if (!lock) return Error{lock.error()};
    lock_ = *lock;
  }
  if (lock_ < 0) return Error{"all of " + path_ + " and those before it are in use"};
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) return ErrnoError("open " + path_, errno);
  struct stat info {};
  if (fstat(file_, &info) != 0 || !S_ISREG(info.st_mode)) return Error{path_ + " is no file"};
  if (info.st_uid != geteuid()) return Error{path_ + " belongs to somebody else"};
  fchmod(file_, 0600);
  std::vector<std::string> records = ReadRecords();
  if (records.empty() && size_ > 0) {
    rename(path_.c_str(), (path_ + ".damaged").c_str());
    close(file_);
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_ = 0;
    torn_ = false;
    if (file_ < 0) return ErrnoError("open " + path_, errno);
  }
  return records;
}

std::vector<std::string> AlertJournal::ReadRecords() {
  const std::string text = ReadAll(file_);
  size_ = text.size();
  std::vector<std::string> records;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = text.find('\n', at);
    const std::string_view line =
        std::string_view(text).substr(at, end == std::string::npos ? end : end - at);
    const bool whole = end != std::string::npos && line.size() > 9 && line[8] == ' ' &&
                       LineOf(line.substr(9)) == std::string(line) + "\n";
    if (whole) {
      records.emplace_back(line.substr(9));
    } else {
      ++damaged_lines_;
    }
    at = end == std::string::npos ? text.size() : end + 1;
  }
  torn_ = !text.empty() && text.back() != '\n';
  return records;
}

Result<bool> AlertJournal::Append(std::string_view record, Durability durability) {
  if (file_ < 0) return Error{"there is no file"};
  const std::string line = (torn_ ? "\n" : "") + LineOf(record);
  if (!WriteAll(file_, line)) {
    const int code = errno;
    // What of the line is there must not spoil the next one.
    torn_ = ftruncate(file_, static_cast<off_t>(size_)) != 0 || torn_;
    return ErrnoError("write " + path_, code);
  }
  torn_ = false;
  size_ += line.size();
  if (durability == Durability::kDisk && fdatasync(file_) != 0) {
    return ErrnoError("sync " + path_, errno);
  }
  return true;
}

Result<bool> AlertJournal::Rewrite(const std::vector<std::string>& records) {
  if (lock_ < 0) return Error{"there is no file"};
  const std::string draft = path_ + ".new";
  unlink(draft.c_str());
  const int file = ::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return ErrnoError("open " + draft, errno);
  std::string text;
  for (const std::string& record : records) text += LineOf(record);
  const bool done =
      WriteAll(file, text) && fsync(file) == 0 && rename(draft.c_str(), path_.c_str()) == 0;
  const int code = errno;
  if (!done) {
    close(file);
    unlink(draft.c_str());
    return ErrnoError("write " + draft, code);
  }
  SyncFolder(path_);
  if (file_ >= 0) close(file_);
  file_ = file;
  size_ = text.size();
  torn_ = false;
  return true;
}

}  // namespace stirbar
