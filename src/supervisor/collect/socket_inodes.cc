#include "supervisor/collect/socket_inodes.h"

#include <unistd.h>

#include <array>
#include <optional>
#include <string_view>

#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

constexpr size_t kMaxDescriptors = 512;
constexpr std::string_view kSocketPrefix = "socket:[";

}  // namespace

Result<std::vector<uint64_t>> SocketInodes(const std::string& proc, uint32_t pid) {
  const auto descriptors = ListNumbers(ProcPath(proc, pid, "fd"), kMaxDescriptors);
  if (!descriptors) return Error{descriptors.error()};
  std::vector<uint64_t> inodes;
  for (const uint32_t descriptor : *descriptors) {
    std::array<char, 64> buffer;  // "socket:[4294967295]" and cut ones of files
    const std::string path = ProcPath(proc, pid, "fd/" + std::to_string(descriptor));
    const ssize_t length = readlink(path.c_str(), buffer.data(), buffer.size());
    if (length <= 0) continue;
    std::string_view target(buffer.data(), static_cast<size_t>(length));
    if (!target.starts_with(kSocketPrefix)) continue;
    target.remove_prefix(kSocketPrefix.size());
    if (const std::optional<uint64_t> inode = TakeNumber(&target)) inodes.push_back(*inode);
  }
  return inodes;
}

}  // namespace stirbar
