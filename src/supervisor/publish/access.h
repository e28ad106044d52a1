// Who may read from the supervisor's port.
//
//   bound to loopback   no token. The Host header must name this machine, else 421: a page of
//                       another site whose name was rebound to 127.0.0.1 reads nothing.
//   bound elsewhere     a token for everything, health and metrics included: as Authorization:
//                       Bearer, or once in the form at /login, which gives a session cookie. The
//                       Host header does not matter: a rebound name has neither.
//
// Tokens appear in no URL, log line or answer.
#pragma once

#include <string>

#include "supervisor/publish/http_counters.h"
#include "supervisor/publish/http_message.h"
#include "supervisor/publish/login_limiter.h"
#include "supervisor/publish/login_sessions.h"

namespace stirbar {

struct AccessOptions {
  std::string host;  // as in --listen HOST:PORT: name or address, IPv6 with or without brackets
  bool require_token = false;
  std::string token;  // not empty where required
};

// Threads: the event loop's. Time: `now_ns` is monotonic.
class Access {
 public:
  Access(AccessOptions options, HttpCounters* counters);

  bool HostAllowed(const HttpRequest& request) const;
  bool Allowed(const HttpRequest& request, uint64_t now_ns) const;

  // /login, which needs no token. GET gives the form, POST checks it.
  HttpResponse Login(const HttpRequest& request, uint64_t now_ns);

 private:
  HttpResponse CheckForm(const HttpRequest& request, uint64_t now_ns);

  const AccessOptions options_;
  HttpCounters& counters_;  // of the same server
  LoginLimiter limiter_;
  LoginSessions sessions_;
};

}  // namespace stirbar
