#include "supervisor/collect/kernel_file.h"

#include <dirent.h>
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "supervisor/collect/file_descriptor.h"

namespace stirbar {
namespace {

constexpr size_t kChunkBytes = 4096;

// Calls `add` with each piece of the file until it returns false. A reader of these files must not
// stop at the first short read: seq_file hands long ones out a page at a time.
template <typename Add>
std::optional<Error> ReadPieces(const std::string& path, Add add) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return ErrnoError("open " + path, errno);
  while (true) {
    const std::optional<ssize_t> length = add(file.get());
    if (!length || *length == 0) return std::nullopt;
    if (*length < 0 && errno != EINTR) return ErrnoError("read " + path, errno);
  }
}

}  // namespace

Result<std::string_view> ReadKernelFile(const std::string& path, std::span<char> buffer) {
  size_t used = 0;
  const auto failure = ReadPieces(path, [&](int file) -> std::optional<ssize_t> {
    if (used == buffer.size()) return std::nullopt;
    const ssize_t length = read(file, buffer.data() + used, buffer.size() - used);
    if (length > 0) used += static_cast<size_t>(length);
    return length;
  });
  if (failure) return *failure;
  return std::string_view(buffer.data(), used);
}

Result<std::string> ReadWholeFile(const std::string& path) {
  std::string text;
  const auto failure = ReadPieces(path, [&](int file) -> std::optional<ssize_t> {
    std::array<char, kChunkBytes> chunk;
    const ssize_t length = read(file, chunk.data(), chunk.size());
    if (length > 0) text.append(chunk.data(), static_cast<size_t>(length));
    return length;
  });
  if (failure) return *failure;
  return text;
}

std::optional<uint64_t> TakeNumber(std::string_view* text) {
  const size_t blanks = text->find_first_not_of(" \t");
  if (blanks == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [next, fault] = std::from_chars(text->data() + blanks, end, number);
  if (fault != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(next - text->data()));
  return number;
}

std::optional<uint64_t> NumberAfter(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n')
    at = text.find(key, at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  return TakeNumber(&text);
}

Result<std::vector<uint32_t>> ListNumbers(const std::string& directory, size_t most) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), &closedir);
  if (!listing) return ErrnoError("open " + directory, errno);
  std::vector<uint32_t> numbers;
  while (numbers.size() < most) {
    const dirent* const entry = readdir(listing.get());
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    uint32_t number = 0;
    const auto [next, fault] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (fault == std::errc() && next == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

std::string ProcPath(std::string_view proc, uint32_t pid, std::string_view name) {
  std::array<char, 10> digits;
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), pid).ptr;
  std::string path;
  path.reserve(proc.size() + digits.size() + name.size() + 2);
  path.append(proc).append("/").append(digits.data(), end).append("/").append(name);
  return path;
}

std::string PrintableText(std::string_view text) {
  std::string printable(text);
  for (char& byte : printable) {
    if (byte < ' ' || byte > '~') byte = '?';
  }
  return printable;
}

}  // namespace stirbar
