// The browsers that have shown the token. Kept in memory only: a restarted supervisor asks again.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace stirbar {

// Threads: the event loop's. Time: `now_ns` is monotonic. At most 64 sessions; one more ends the
// oldest.
class LoginSessions {
 public:
  static constexpr std::chrono::hours kLifetime{12};
  static constexpr size_t kSessions = 64;

  // Begins a session and returns its id: 256 random bits.
  std::string Begin(uint64_t now_ns);
  // Compares with every session in constant time.
  bool Has(std::string_view id, uint64_t now_ns) const;

 private:
  struct Session {
    std::string id;
    uint64_t begun_ns;
  };
  std::deque<Session> sessions_;  // oldest first
};

}  // namespace stirbar
