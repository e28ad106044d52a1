#include "supervisor/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace stirbar {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

Result<SocketAddress> Resolve(const std::string& host, uint16_t port) {
  SocketAddress address;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.bytes = sizeof *v4;
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.bytes = sizeof *v6;
  } else {
    return Error{"'" + host + "' is not a numeric address"};
  }
  return address;
}

std::string Bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

Result<int> BindAndListen(const std::string& host, uint16_t port) {
  const Result<SocketAddress> address = Resolve(host, port);
  if (!address) return Error{address.error()};
  const std::string where = "listen on " + Bracketed(host) + ":" + std::to_string(port);
  const int file =
      socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (file < 0) return ErrnoError(where, errno);
  const int on = 1;
  setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // 128 waiting connections: a browser opens 6, a scraper 1; more are an attack or a fault.
  if (bind(file, reinterpret_cast<const sockaddr*>(&address->storage), address->bytes) != 0 ||
      listen(file, 128) != 0) {
    const int code = errno;
    close(file);
    return ErrnoError(where, code);
  }
  return file;
}

}  // namespace

bool ListenAddress::IsLoopback() const { return host == "::1" || host.starts_with("127."); }

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  ListenAddress address{.host = "127.0.0.1", .port = kDefaultPort, .chosen = !text.empty()};
  if (text.empty()) return address;
  const Error refused{"--listen: '" + std::string(text) +
                      "' is not allowed; it takes HOST:PORT with a numeric host and a port from 0 "
                      "to 65535, such as 127.0.0.1:8800 or [::1]:8800"};
  const size_t colon = text.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (code != std::errc() || end != port.data() + port.size()) return refused;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!host.empty() && host != "localhost") address.host = host;
  if (!Resolve(address.host, address.port)) return refused;
  return address;
}

Result<ListenSocket> Listen(const ListenAddress& address) {
  const uint16_t tries = address.chosen || address.port == 0 ? 1 : kDefaultPorts;
  Result<int> file = Error{"no port tried"};
  for (uint16_t i = 0; i < tries; ++i) {
    file = BindAndListen(address.host, static_cast<uint16_t>(address.port + i));
    if (file) break;
  }
  if (!file) return Error{file.error()};
  Result<std::string> url = UrlOf(*file);
  if (!url) return Error{url.error()};
  return ListenSocket{*file, *url};
}

Result<std::string> UrlOf(int file) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  if (getsockname(file, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) {
    return ErrnoError("getsockname", errno);
  }
  char host[INET6_ADDRSTRLEN] = "";
  uint16_t port = 0;
  if (storage.ss_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    port = ntohs(v4->sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    port = ntohs(v6->sin6_port);
  } else {
    return Error{"the listening socket is neither IPv4 nor IPv6"};
  }
  return "http://" + Bracketed(host) + ":" + std::to_string(port) + "/";
}

}  // namespace stirbar
