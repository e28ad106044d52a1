#include "supervisor/publish/access_token.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace stirbar {
namespace {

constexpr size_t kShortest = 32;
constexpr size_t kLongest = 512;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Of RFC 6750, so that the token can stand in an Authorization header.
bool IsTokenCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

Result<std::string> CheckToken(std::string text, const std::string& path) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() < kShortest || text.size() > kLongest ||
      !std::all_of(text.begin(), text.end(), IsTokenCharacter)) {
    return Error{path + ": holds no token of 32 to 512 letters, digits or -._~+/=; delete the " +
                 "file to get a new one"};
  }
  return text;
}

Result<std::string> ReadToken(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) return ErrnoError("open " + path, errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return ErrnoError("stat " + path, errno);
  if (!S_ISREG(status.st_mode)) return Error{path + ": is not a regular file"};
  if (status.st_uid != geteuid()) return Error{path + ": belongs to another user"};
  if ((status.st_mode & 077U) != 0) {
    return Error{path + ": can be read by other users, so the token may be known; delete the " +
                 "file to get a new one, or chmod 600 it if you are sure"};
  }
  std::array<char, kLongest + 8> buffer{};
  const ssize_t length = read(file.get(), buffer.data(), buffer.size());
  if (length < 0) return ErrnoError("read " + path, errno);
  return CheckToken(std::string(buffer.data(), static_cast<size_t>(length)), path);
}

// Makes the directory and those above it that are missing. Returns its path.
Result<std::string> PrepareDirectory(const std::filesystem::path& directory) {
  const std::string path = directory.string();
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return ErrnoError("stat " + path, errno);
    if (directory.has_parent_path() && directory.parent_path() != directory) {
      std::error_code ignored;  // the mkdir below says what is wrong
      std::filesystem::create_directories(directory.parent_path(), ignored);
    }
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      return ErrnoError("mkdir " + path, errno);
    if (stat(path.c_str(), &status) != 0) return ErrnoError("stat " + path, errno);
  }
  if (!S_ISDIR(status.st_mode)) return Error{path + ": is not a directory"};
  if ((status.st_mode & 022U) != 0) {
    return Error{path +
                 ": other users may write there, so the token could be replaced; chmod 700 " +
                 "it or choose another directory"};
  }
  return path;
}

Result<std::string> WriteToken(const std::string& path, const std::string& token) {
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return ErrnoError("create " + path, errno);
  const std::string line = token + "\n";
  const ssize_t written = write(file.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    return ErrnoError("write " + path, written < 0 ? errno : ENOSPC);
  }
  return token;
}

}  // namespace

Result<std::string> LoadOrCreateToken(const std::filesystem::path& path) {
  const std::filesystem::path absolute = std::filesystem::absolute(path);
  const Result<std::string> directory = PrepareDirectory(absolute.parent_path());
  if (!directory) return Error{directory.error()};
  const std::string name = absolute.string();
  struct stat status {};
  if (lstat(name.c_str(), &status) == 0) return ReadToken(name);
  if (errno != ENOENT) return ErrnoError("stat " + name, errno);
  // Written under another name and linked when complete: who comes second neither reads half a
  // token nor replaces the one that the first has already handed out.
  const std::string draft = name + "." + RandomToken().substr(0, 16);
  const Result<std::string> written = WriteToken(draft, RandomToken());
  const bool linked = written && link(draft.c_str(), name.c_str()) == 0;
  const int link_error = errno;
  unlink(draft.c_str());
  if (!written) return written;
  if (!linked && link_error != EEXIST) return ErrnoError("link " + name, link_error);
  return ReadToken(name);
}

std::string RandomToken() {
  std::array<uint8_t, 32> bytes{};
  // At most 256 bytes are given whole, once the kernel's pool is ready.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  std::string text;
  for (const uint8_t byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  // volatile: the compiler must not leave the loop at the first difference.
  volatile uint8_t difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size() && !b.empty(); ++i) {
    difference = difference | static_cast<uint8_t>(a[i] ^ b[i % b.size()]);
  }
  return difference == 0;
}

}  // namespace stirbar
