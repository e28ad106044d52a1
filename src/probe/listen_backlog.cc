#include "probe/listen_backlog.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

namespace stirbar {
namespace {

// The socket is shared: a worker that ends gives the server's own back, and the others set the
// order again.
constexpr uint64_t kRepeatNs = 1'000'000'000;

bool IsListening(int descriptor) {
  int listening = 0;
  socklen_t bytes = sizeof listening;
  return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) == 0 &&
         listening == 1;
}

uint64_t InodeOf(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

// Of a listening TCP socket, the kernel reports its limit there. 0: not known.
uint32_t LimitNow(int descriptor) {
  tcp_info info{};
  socklen_t bytes = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return 0;
  return info.tcpi_state == TCP_LISTEN ? info.tcpi_sacked : 0;
}

// What the kernel makes of a backlog that is larger.
uint32_t Largest() {
  unsigned largest = 4096;
  if (FILE* const file = std::fopen("/proc/sys/net/core/somaxconn", "re")) {
    if (std::fscanf(file, "%u", &largest) != 1) largest = 4096;
    std::fclose(file);
  }
  return largest;
}

}  // namespace

void ListenBacklog::Watch(std::span<const int> descriptors, uint32_t own) noexcept {
  count_ = 0;
  const uint32_t largest = Largest();
  for (const int descriptor : descriptors) {
    if (count_ == kMostSockets || !IsListening(descriptor)) continue;
    const uint32_t now = LimitNow(descriptor);
    sockets_[count_++] = {descriptor, InodeOf(descriptor), own != 0 ? own : now};
    left_short_ = left_short_ || (now != 0 && now < std::min(own, largest));
  }
}

void ListenBacklog::Listen(uint32_t ordered, uint32_t own_elsewhere) noexcept {
  for (size_t i = 0; i < count_; ++i) {
    const Socket& socket = sockets_[i];
    const uint32_t own = socket.own != 0 ? socket.own : own_elsewhere;
    // Never shorten what could not be given back.
    if (own == 0 || !IsListening(socket.descriptor) || InodeOf(socket.descriptor) != socket.inode) {
      continue;
    }
    const uint32_t wanted = ordered != 0 ? std::min(ordered, own) : own;
    listen(socket.descriptor, static_cast<int>(std::min<uint32_t>(wanted, INT32_MAX)));
  }
}

void ListenBacklog::Apply(uint32_t ordered, uint32_t own_elsewhere, uint64_t now_ns) noexcept {
  if (ordered == applied_ && !(ordered == 0 && left_short_) &&
      (ordered == 0 || now_ns < next_ns_)) {
    return;
  }
  left_short_ = false;
  next_ns_ = now_ns + kRepeatNs;
  Listen(ordered, own_elsewhere);
  applied_ = ordered;
}

}  // namespace stirbar
