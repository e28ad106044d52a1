#include "supervisor/collect/sock_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

// The kernel answers while the request is being sent, so a wait this long means that something is
// wrong. Three families stay below the 50 ms that one collector may cost.
constexpr uint64_t kPatienceNs = 15'000'000;
constexpr uint32_t kListening = 1U << TCP_LISTEN;  // the same number for unix sockets

struct Request {
  nlmsghdr header;
  union {  // the larger one first, so that {} clears all
    inet_diag_req_v2 inet;
    unix_diag_req unix_socket;
  };
};

Request MakeRequest(SocketFamily family, uint32_t sequence) {
  Request request{};
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = sequence;
  if (family == SocketFamily::kUnix) {
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof(unix_diag_req));
    request.unix_socket.sdiag_family = AF_UNIX;
    request.unix_socket.udiag_states = kListening;
    request.unix_socket.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN;
  } else {
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof(inet_diag_req_v2));
    request.inet.sdiag_family = family == SocketFamily::kTcp4 ? AF_INET : AF_INET6;
    request.inet.sdiag_protocol = IPPROTO_TCP;
    request.inet.idiag_states = kListening;
  }
  return request;
}

// Netlink aligns to 4 bytes only, so its structs are copied out. Absent: too short a message.
template <typename T>
std::optional<T> CopyOut(std::string_view bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

std::string InetAddress(const inet_diag_sockid& id, int family) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, &id.idiag_src[0], text.data(), text.size());
  const std::string port = ":" + std::to_string(ntohs(id.idiag_sport));
  return family == AF_INET6 ? "[" + std::string(text.data()) + "]" + port : text.data() + port;
}

// An abstract name begins with a NUL, shown as '@', which is how ss and /proc/net/unix write it.
// The name of a file may or may not end with one.
std::string UnixAddress(std::string_view name) {
  if (name.empty()) return "unix:";
  if (name.front() == '\0') return "unix:@" + PrintableText(name.substr(1));
  return "unix:" + PrintableText(name.substr(0, name.find('\0')));
}

std::optional<ListenerSample> ParseInet(std::string_view body) {
  const auto message = CopyOut<inet_diag_msg>(body);
  if (!message) return std::nullopt;
  return ListenerSample{ListenerKind::kTcp, InetAddress(message->id, message->idiag_family),
                        message->idiag_inode, message->idiag_rqueue, message->idiag_wqueue};
}

std::optional<ListenerSample> ParseUnix(std::string_view body) {
  const auto message = CopyOut<unix_diag_msg>(body);
  if (!message) return std::nullopt;
  ListenerSample listener;
  listener.kind = ListenerKind::kUnix;
  listener.inode = message->udiag_ino;
  std::string_view name;
  size_t at = NLMSG_ALIGN(sizeof(unix_diag_msg));
  while (at < body.size()) {
    const auto attribute = CopyOut<rtattr>(body.substr(at));
    if (!attribute || attribute->rta_len < sizeof(rtattr)) break;
    const std::string_view value =
        body.substr(at, attribute->rta_len).substr(std::min(body.size() - at, sizeof(rtattr)));
    if (attribute->rta_type == UNIX_DIAG_NAME) name = value;
    if (attribute->rta_type == UNIX_DIAG_RQLEN) {
      const auto queue = CopyOut<unix_diag_rqlen>(value);
      if (queue) listener.depth = queue->udiag_rqueue;
      if (queue) listener.backlog = queue->udiag_wqueue;
    }
    at += RTA_ALIGN(attribute->rta_len);
  }
  listener.address = UnixAddress(name);
  return listener;
}

// The inode alone, before anything is allocated for a socket that is not wanted.
uint64_t InodeOf(SocketFamily family, std::string_view body) {
  if (family == SocketFamily::kUnix) {
    const auto message = CopyOut<unix_diag_msg>(body);
    return message ? message->udiag_ino : 0;
  }
  const auto message = CopyOut<inet_diag_msg>(body);
  return message ? message->idiag_inode : 0;
}

// Waits until there is something to receive. False: not by `deadline_ns`.
bool WaitReadable(int netlink, uint64_t deadline_ns) {
  const uint64_t now_ns = MonotonicNs();
  if (now_ns >= deadline_ns) return false;
  pollfd waiting{netlink, POLLIN, 0};
  const int timeout_ms = static_cast<int>((deadline_ns - now_ns) / 1'000'000U) + 1;
  return poll(&waiting, 1, timeout_ms) > 0;
}

}  // namespace

Result<std::vector<ListenerSample>> SockDiag::Listening(SocketFamily family,
                                                        const std::vector<uint64_t>& inodes) {
  if (!netlink_.open()) {
    netlink_ = FileDescriptor(
        socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
    if (!netlink_.open()) return ErrnoError("open netlink socket", errno);
  }
  auto listeners = Ask(family, inodes);
  if (!listeners) netlink_ = FileDescriptor();  // with whatever part of the answer is still in it
  return listeners;
}

Result<std::vector<ListenerSample>> SockDiag::Ask(SocketFamily family,
                                                  const std::vector<uint64_t>& inodes) {
  const Request request = MakeRequest(family, ++sequence_);
  if (send(netlink_.get(), &request, request.header.nlmsg_len, 0) < 0) {
    return ErrnoError("send to sock_diag", errno);
  }
  std::vector<ListenerSample> listeners;
  const uint64_t deadline_ns = MonotonicNs() + kPatienceNs;
  alignas(nlmsghdr) std::array<char, 32768> buffer;  // the kernel never sends larger parts
  while (true) {
    const ssize_t length = recv(netlink_.get(), buffer.data(), buffer.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) {
      if (WaitReadable(netlink_.get(), deadline_ns)) continue;
      return Error{"sock_diag: no answer within 15 ms"};
    }
    if (length < 0) return ErrnoError("receive from sock_diag", errno);

    std::string_view rest(buffer.data(), static_cast<size_t>(length));
    while (const auto header = CopyOut<nlmsghdr>(rest)) {
      if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest.size()) break;
      const std::string_view body = rest.substr(0, header->nlmsg_len).substr(NLMSG_HDRLEN);
      rest.remove_prefix(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), rest.size()));
      if (header->nlmsg_seq != sequence_) continue;
      if (header->nlmsg_type == NLMSG_DONE) return listeners;
      if (header->nlmsg_type == NLMSG_ERROR) {
        const auto error = CopyOut<nlmsgerr>(body);
        return ErrnoError("sock_diag", error ? -error->error : EPROTO);
      }
      if (!std::binary_search(inodes.begin(), inodes.end(), InodeOf(family, body))) continue;
      auto listener = family == SocketFamily::kUnix ? ParseUnix(body) : ParseInet(body);
      if (listener) listeners.push_back(*std::move(listener));
    }
  }
}

}  // namespace stirbar
