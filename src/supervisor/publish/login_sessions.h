// The browsers that have shown a token. Kept in memory only: a restarted supervisor asks again.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace stirbar {

// What a token, or the lack of one, allows.
enum class Role : uint8_t {
  kNone,
  kReader,    // sees everything
  kOperator,  // changes settings, silences alerts, orders actions
};
std::string_view Name(Role role);  // none, reader, operator

// Threads: the event loop's. Time: `now_ns` is monotonic. At most 64 sessions; one more ends the
// oldest.
class LoginSessions {
 public:
  static constexpr std::chrono::hours kLifetime{12};
  static constexpr size_t kSessions = 64;

  struct Session {
    std::string id;    // 256 random bits, as the next
    std::string csrf;  // what a change must bring besides the cookie
    Role role;
    uint64_t begun_ns;
  };

  // Begins a session and returns its id.
  std::string Begin(Role role, uint64_t now_ns);
  // The session of `id`; null: there is none. Compares with every session in constant time. Valid
  // until the next Begin() or End().
  const Session* Find(std::string_view id, uint64_t now_ns) const;
  void End(std::string_view id);

 private:
  std::deque<Session> sessions_;  // oldest first
};

}  // namespace stirbar
