// Slows down those who guess tokens: after five failures within a minute a client has to wait until
// the oldest of them is a minute old.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace stirbar {

// A client is an IPv4 address or an IPv6 /64 (whoever has one IPv6 address has 2^64). Remembers at
// most 1,024 clients and forgets the one that failed longest ago: 256 bits are not guessed by 1,024
// machines either, this only keeps them from trying hard.
//
// Threads: the event loop's. Time: `now_ns` is monotonic.
class LoginLimiter {
 public:
  static constexpr size_t kFailures = 5;
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr size_t kClients = 1024;

  // How long `client` has to wait; 0 when it may try.
  std::chrono::seconds Wait(const std::string& client, uint64_t now_ns) const;
  void Fail(const std::string& client, uint64_t now_ns);

 private:
  void Forget(uint64_t now_ns);

  std::map<std::string, std::deque<uint64_t>> failures_;  // oldest first, at most kFailures
};

}  // namespace stirbar
