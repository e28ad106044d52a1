// "HOST:PORT" of the supervisor's own pages, and the socket that listens there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stirbar {

inline constexpr uint16_t kDefaultPort = 8800;
// An address that nobody chose gives way when it is taken: 8800, 8801 ... 8819.
inline constexpr uint16_t kDefaultPorts = 20;

struct ListenAddress {
  std::string host;     // numeric, without brackets: "127.0.0.1", "::1", "0.0.0.0"
  uint16_t port = 0;    // 0: any free one
  bool chosen = false;  // by the operator: taken means failure, not the next port

  bool IsLoopback() const;
};

// Reads "127.0.0.1:8800", "[::1]:8800", "localhost:8800", ":8800" (loopback), "8800". Empty: the
// default. Failure: names the text and what is allowed.
Result<ListenAddress> ParseListenAddress(std::string_view text);

// A bound, listening, non-blocking socket with close-on-exec.
struct ListenSocket {
  int file = -1;
  std::string url;  // "http://127.0.0.1:8800/"
};

// Failure: names the address and the reason. Never listens elsewhere than asked, but for the next
// ports of an address that nobody chose.
Result<ListenSocket> Listen(const ListenAddress& address);

// The URL of a listening socket that was handed over as a file descriptor.
Result<std::string> UrlOf(int file);

}  // namespace stirbar
