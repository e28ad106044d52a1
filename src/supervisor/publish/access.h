// Who may read from the supervisor's port, and who may change something there.
//
//   bound to loopback   everybody on this machine reads. The Host header must name this machine,
//                       else 421: a page of another site whose name was rebound to 127.0.0.1 reads
//                       nothing. Changes need the operator's token.
//   bound elsewhere     a token for everything, health and metrics included. The Host header does
//                       not matter: a rebound name has none.
//
// There are two tokens, the operator's and the reader's, which changes nothing. Either is shown as
// Authorization: Bearer, or once in the form at /login, which gives a session cookie. A browser
// sends the cookie along by itself, whoever made it ask: so a change by cookie also carries the
// session's CSRF value (GET /api/v1/session) in the header X-Stirbar-CSRF, and comes from a page of
// this site. A change is JSON, which no form of another site can send.
//
// Tokens appear in no URL, log line or answer.
#pragma once

#include <optional>
#include <string>

#include "supervisor/publish/http_counters.h"
#include "supervisor/publish/http_message.h"
#include "supervisor/publish/login_limiter.h"
#include "supervisor/publish/login_sessions.h"
#include "supervisor/records.h"

namespace stirbar {

struct AccessOptions {
  std::string host;  // as in --listen HOST:PORT: name or address, IPv6 with or without brackets
  bool require_token = false;
  std::string token;         // the operator's; not empty where required. Empty: nothing changes
  std::string reader_token;  // empty: there is none
  RecordSink* records = nullptr;  // logins and refusals; must live longer. Null: not kept
};

// Threads: the event loop's. Time: `now_ns` is monotonic.
class Access {
 public:
  Access(AccessOptions options, HttpCounters* counters);

  bool HostAllowed(const HttpRequest& request) const;
  Role RoleOf(const HttpRequest& request, uint64_t now_ns) const;
  // Why a request that changes something is refused; absent: it is not.
  std::optional<HttpResponse> RefuseChange(const HttpRequest& request, uint64_t now_ns);
  // Who asks, for records: "operator from 10.0.0.7".
  std::string ActorOf(const HttpRequest& request, uint64_t now_ns) const;

  // /login, which needs no token. GET gives the form, POST checks it.
  HttpResponse Login(const HttpRequest& request, uint64_t now_ns);
  // /logout: POST ends the session.
  HttpResponse Logout(const HttpRequest& request, uint64_t now_ns);
  // GET /api/v1/session: {"role": ..., "csrf": ..., "can_log_in": ...}.
  HttpResponse Session(const HttpRequest& request, uint64_t now_ns) const;

 private:
  HttpResponse CheckForm(const HttpRequest& request, uint64_t now_ns);
  Role RoleOfToken(std::string_view token) const;
  const LoginSessions::Session* SessionOf(const HttpRequest& request, uint64_t now_ns) const;
  void Note(const HttpRequest& request, Severity severity, std::string text);

  const AccessOptions options_;
  HttpCounters& counters_;  // of the same server
  LoginLimiter limiter_;
  LoginSessions sessions_;
};

}  // namespace stirbar
