// Real listening sockets for the tests of SockDiag and ListenerCollector.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/collect/file_descriptor.h"

namespace stirbar {

// Owns: a socket that listens and never accepts, and the clients that wait in it.
class WaitingRoom {
 public:
  // On a free port of the IPv4 or IPv6 loopback.
  static WaitingRoom Tcp(int family, int backlog) {
    sockaddr_storage address{};
    socklen_t length = 0;
    if (family == AF_INET) {
      auto& inet = reinterpret_cast<sockaddr_in&>(address);
      inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      length = sizeof(inet);
    } else {
      auto& inet = reinterpret_cast<sockaddr_in6&>(address);
      inet.sin6_addr = in6addr_loopback;
      length = sizeof(inet);
    }
    address.ss_family = static_cast<sa_family_t>(family);
    return WaitingRoom(address, length, backlog);
  }
  // With a name of exactly these bytes: a path, or an abstract one with NUL in front.
  static WaitingRoom Unix(const std::string& name, int backlog) {
    sockaddr_storage address{};
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address);
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, name.data(), name.size());
    return WaitingRoom(
        address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()), backlog);
  }

  bool listens() const { return listens_; }
  uint64_t inode() const {
    struct stat found {};
    EXPECT_EQ(fstat(listener_.get(), &found), 0);
    return found.st_ino;
  }
  uint16_t port() const {  // at the same place for both families
    return ntohs(reinterpret_cast<const sockaddr_in&>(address_).sin_port);
  }
  void Connect(int clients) {
    for (int i = 0; i < clients; ++i) {
      FileDescriptor client(socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address_), length_), 0)
          << std::strerror(errno);
      clients_.push_back(std::move(client));
    }
  }
  void Accept() { FileDescriptor taken(accept(listener_.get(), nullptr, nullptr)); }

 private:
  WaitingRoom(const sockaddr_storage& address, socklen_t length, int backlog)
      : address_(address),
        length_(length),
        listener_(socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto* const bound = reinterpret_cast<sockaddr*>(&address_);
    listens_ = bind(listener_.get(), bound, length_) == 0 && listen(listener_.get(), backlog) == 0;
    if (address.ss_family != AF_UNIX) getsockname(listener_.get(), bound, &length_);
  }

  sockaddr_storage address_;
  socklen_t length_;
  FileDescriptor listener_;
  std::vector<FileDescriptor> clients_;
  bool listens_ = false;
};

}  // namespace stirbar
