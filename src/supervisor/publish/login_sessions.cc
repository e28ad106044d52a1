#include "supervisor/publish/login_sessions.h"

#include "base/clock.h"
#include "supervisor/publish/access_token.h"

namespace stirbar {

std::string LoginSessions::Begin(uint64_t now_ns) {
  if (sessions_.size() >= kSessions) sessions_.pop_front();
  sessions_.push_back({RandomToken(), now_ns});
  return sessions_.back().id;
}

bool LoginSessions::Has(std::string_view id, uint64_t now_ns) const {
  bool found = false;
  for (const Session& session : sessions_) {
    const bool valid = AgeOf(session.begun_ns, now_ns) < kLifetime;
    if (ConstantTimeEqual(session.id, id) && valid) found = true;
  }
  return found;
}

}  // namespace stirbar
