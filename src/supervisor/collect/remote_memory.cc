#include "supervisor/collect/remote_memory.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace stirbar {
namespace {

constexpr size_t kPiecesPerCall = 64;  // the kernel takes 1,024; 64 fit our own stack well

}  // namespace

bool RemoteMemory::Read(std::span<const MemoryPiece> pieces) const {
  std::array<iovec, kPiecesPerCall> local;
  std::array<iovec, kPiecesPerCall> remote;
  while (!pieces.empty()) {
    const size_t count = std::min(pieces.size(), kPiecesPerCall);
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i) {
      local[i] = {pieces[i].to, pieces[i].bytes};
      remote[i] = {reinterpret_cast<void*>(pieces[i].address), pieces[i].bytes};
      bytes += pieces[i].bytes;
    }
    const ssize_t copied =
        process_vm_readv(static_cast<pid_t>(pid_), local.data(), count, remote.data(), count, 0);
    if (copied != static_cast<ssize_t>(bytes)) {
      error_ = copied < 0 ? errno : EFAULT;
      return false;
    }
    pieces = pieces.subspan(count);
  }
  return true;
}

std::string WhyUnreadable(uint32_t pid, int error) {
  const std::string process = "pid " + std::to_string(pid);
  if (error == EPERM || error == EACCES) {
    return "the supervisor may not read the memory of " + process +
           ": run it as the same user, and in a container with the capability SYS_PTRACE "
           "(docker run --cap-add SYS_PTRACE) or with kernel.yama.ptrace_scope at 0 or 1";
  }
  if (error == ENOSYS) return "process_vm_readv is not allowed here (seccomp)";
  if (error == ESRCH) return process + " has ended";
  return "the memory of " + process + " cannot be read: " + std::generic_category().message(error);
}

}  // namespace stirbar
