#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "supervisor/collect/file_descriptor.h"
#include "supervisor/supervisor.h"

namespace stirbar {

enum class SocketFamily { kTcp4, kTcp6, kUnix };

// Asks the kernel for listening sockets and how many connections wait in them to be accepted
// (NETLINK_SOCK_DIAG, sock_diag(7)). It sees those of other processes too, needs no rights, and the
// process that should accept takes no part. For a listening socket the kernel reports:
//
//             waiting now       most that may wait
//   TCP       idiag_rqueue      idiag_wqueue
//   unix      udiag_rqueue      udiag_wqueue
//
// The kernel takes one connection more than the backlog says. Only complete connections count: a
// handshake under way does not. Sockets of other network namespaces are not seen.
//
// Refused alternative: /proc/net/tcp has no backlog and /proc/net/unix no depth.
//
// Threads: one at a time. Time: 10 to 20 us a family where the machine has few listening sockets;
// gives up after 15 ms. Failure: the reason; the next call begins with a new netlink socket.
class SockDiag {
 public:
  // Those of the listening sockets whose inode is in `inodes`, which is in ascending order.
  Result<std::vector<ListenerSample>> Listening(SocketFamily family,
                                                const std::vector<uint64_t>& inodes);

 private:
  Result<std::vector<ListenerSample>> Ask(SocketFamily family, const std::vector<uint64_t>& inodes);

  FileDescriptor netlink_;
  uint32_t sequence_ = 0;
};

}  // namespace stirbar
