#include "supervisor/publish/login_sessions.h"

#include "base/clock.h"
#include "supervisor/publish/access_token.h"

namespace stirbar {

std::string_view Name(Role role) {
  switch (role) {
    case Role::kNone:
      return "none";
    case Role::kReader:
      return "reader";
    case Role::kOperator:
      return "operator";
  }
  return "none";
}

std::string LoginSessions::Begin(Role role, uint64_t now_ns) {
  if (sessions_.size() >= kSessions) sessions_.pop_front();
  sessions_.push_back({RandomToken(), RandomToken(), role, now_ns});
  return sessions_.back().id;
}

const LoginSessions::Session* LoginSessions::Find(std::string_view id, uint64_t now_ns) const {
  const Session* found = nullptr;
  for (const Session& session : sessions_) {
    const bool valid = AgeOf(session.begun_ns, now_ns) < kLifetime;
    if (ConstantTimeEqual(session.id, id) && valid) found = &session;
  }
  return found;
}

void LoginSessions::End(std::string_view id) {
  std::erase_if(sessions_,
                [&](const Session& session) { return ConstantTimeEqual(session.id, id); });
}

}  // namespace stirbar
