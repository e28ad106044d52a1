#include "supervisor/publish/access.h"

#include <algorithm>
#include <cstdlib>

#include "supervisor/publish/access_token.h"
#include "supervisor/publish/api_endpoint.h"
#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/login_page.h"
#include "supervisor/publish/login_return.h"

namespace stirbar {
namespace {

constexpr std::string_view kCookie = "stirbar_session";

// "localhost" of "localhost:8800", "[::1]" of "[::1]:8800". What does not end in a port is all
// host, and then no name that is allowed.
std::string_view HostOf(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return authority;
  const std::string_view port = authority.substr(colon + 1);
  const bool is_port =
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_port ? authority.substr(0, colon) : authority;
}

std::string Bracketed(const std::string& host) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return bare_ipv6 ? "[" + host + "]" : host;
}

std::string_view Cookie(const HttpRequest& request, std::string_view name) {
  std::string_view rest = request.Header("Cookie");
  while (!rest.empty()) {
    std::string_view value = TakeUntil(';', &rest);
    if (Trim(TakeUntil('=', &value)) == name) return Trim(value);
  }
  return {};
}

std::string_view BearerToken(const HttpRequest& request) {
  std::string_view rest = Trim(request.Header("Authorization"));
  if (!EqualIgnoringCase(TakeUntil(' ', &rest), "Bearer")) return {};
  return Trim(rest);
}

// A user's name as programs send it: nobody has checked it, and it gets into logs and pages.
std::string UserHint(std::string_view text) {
  constexpr size_t kLongest = 32;
  std::string name;
  for (const char c : text.substr(0, kLongest)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '.' || c == '_' || c == '-') name += c;
  }
  return name;
}

// Whether a request comes from a page of this server, or from a program. Browsers send both headers
// on their own; programs send neither. Over plain HTTP only Origin comes.
bool FromThisSite(const HttpRequest& request) {
  const std::string_view site = request.Header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin") return false;
  std::string_view origin = request.Header("Origin");
  if (origin.empty()) return true;
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;  // "null"
  return EqualIgnoringCase(origin.substr(scheme + 3), Trim(request.Header("Host")));
}

}  // namespace

Access::Access(AccessOptions options, HttpCounters* counters)
    : options_(std::move(options)), counters_(*counters) {
  // An empty token would open everything to everybody.
  if (options_.require_token && options_.token.empty()) std::abort();
}

bool Access::HostAllowed(const HttpRequest& request) const {
  if (options_.require_token) return true;
  // Only HTTP/1.0 may leave it out; browsers, which this is about, never do.
  if (request.HeaderCount("Host") == 0) return true;
  const std::string_view host = HostOf(Trim(request.Header("Host")));
  return EqualIgnoringCase(host, "localhost") || host == "127.0.0.1" || host == "[::1]" ||
         (!options_.host.empty() && EqualIgnoringCase(host, Bracketed(options_.host)));
}

Role Access::RoleOfToken(std::string_view token) const {
  const bool is_operator = !options_.token.empty() && ConstantTimeEqual(options_.token, token);
  const bool is_reader =
      !options_.reader_token.empty() && ConstantTimeEqual(options_.reader_token, token);
  if (is_operator) return Role::kOperator;
  return is_reader ? Role::kReader : Role::kNone;
}

const LoginSessions::Session* Access::SessionOf(const HttpRequest& request, uint64_t now_ns) const {
  return sessions_.Find(Cookie(request, kCookie), now_ns);
}

Role Access::RoleOf(const HttpRequest& request, uint64_t now_ns) const {
  const Role by_token = RoleOfToken(BearerToken(request));
  if (by_token != Role::kNone) return by_token;
  const LoginSessions::Session* const session = SessionOf(request, now_ns);
  if (session != nullptr) return session->role;
  return options_.require_token ? Role::kNone : Role::kReader;
}

std::string Access::ActorOf(const HttpRequest& request, uint64_t now_ns) const {
  std::string actor(Name(RoleOf(request, now_ns)));
  const std::string user = UserHint(request.Header("X-Stirbar-User"));
  if (!user.empty() && RoleOfToken(BearerToken(request)) != Role::kNone) {
    actor += " (cli, user " + user + ")";
  }
  return actor + " from " + request.client;
}

void Access::Note(const HttpRequest& request, Severity severity, std::string text) {
  if (options_.records == nullptr) return;
  HistoryRecord record;
  record.kind = RecordKind::kAccess;
  record.severity = severity;
  record.name = std::string(request.Path());
  record.actor = request.client;
  record.text = std::move(text);
  options_.records->Record(record);
}

std::optional<HttpResponse> Access::RefuseChange(const HttpRequest& request, uint64_t now_ns) {
  const auto refuse = [&](int status, const std::string& reason) {
    ++counters_.refused_changes;
    Note(request, Severity::kWarning, "a change was refused: " + reason);
    return ErrorResponse(status, reason);
  };
  if (options_.token.empty()) {
    return refuse(403, "nothing can be changed here: there is no access token, see the log");
  }
  const Role role = RoleOf(request, now_ns);
  const bool by_token = RoleOfToken(BearerToken(request)) == Role::kOperator;
  if (role != Role::kOperator) {
    const bool known =
        RoleOfToken(BearerToken(request)) == Role::kReader || SessionOf(request, now_ns) != nullptr;
    if (known) return refuse(403, "the reader's token changes nothing; the operator's is needed");
    HttpResponse response = refuse(
        401, "a change needs the operator's token: log in, or send 'Authorization: Bearer TOKEN'");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"stirbar\"");
    return response;
  }
  if (!by_token) {
    if (!FromThisSite(request)) return refuse(403, "the change was asked for by another site");
    const std::string_view csrf = request.Header("X-Stirbar-CSRF");
    if (!ConstantTimeEqual(SessionOf(request, now_ns)->csrf, csrf)) {
      return refuse(403, "the header X-Stirbar-CSRF is missing or wrong: see GET /api/v1/session");
    }
  }
  std::string_view type = request.Header("Content-Type");
  if (!EqualIgnoringCase(Trim(TakeUntil(';', &type)), "application/json")) {
    return refuse(415, "a change is sent as application/json");
  }
  return std::nullopt;
}

HttpResponse Access::Session(const HttpRequest& request, uint64_t now_ns) const {
  const LoginSessions::Session* const session = SessionOf(request, now_ns);
  JsonWriter json;
  json.BeginObject();
  json.Field("role", Name(RoleOf(request, now_ns)));
  // Only to whom the cookie belongs; of other sites' pages no script can read the answer.
  json.Field("csrf", session != nullptr ? std::optional<std::string>(session->csrf) : std::nullopt);
  json.Field("can_log_in", !options_.token.empty());
  json.EndObject();
  return JsonResponse(json.Take());
}

HttpResponse Access::Login(const HttpRequest& request, uint64_t now_ns) {
  if (request.method == "POST" && !options_.token.empty()) return CheckForm(request, now_ns);
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
    HttpResponse response = ErrorResponse(405, "/login takes GET, HEAD and POST");
    response.headers.emplace_back("Allow", "GET, HEAD, POST");
    return response;
  }
  std::string_view query = request.target;
  TakeUntil('?', &query);
  const std::string_view page = ReturnPage(FormField(query, "next").value_or(""));
  const bool is_reader = RoleOf(request, now_ns) == Role::kReader;
  if (options_.token.empty() || RoleOf(request, now_ns) == Role::kOperator ||
      (is_reader && SessionOf(request, now_ns) != nullptr)) {
    return RedirectResponse(page);
  }
  return LoginPage(200, "", page);
}

HttpResponse Access::Logout(const HttpRequest& request, uint64_t now_ns) {
  if (request.method != "POST") {
    HttpResponse response = ErrorResponse(405, "/logout takes POST");
    response.headers.emplace_back("Allow", "POST");
    return response;
  }
  const LoginSessions::Session* const session = SessionOf(request, now_ns);
  if (session != nullptr && (!FromThisSite(request) ||
                             !ConstantTimeEqual(session->csrf, request.Header("X-Stirbar-CSRF")))) {
    ++counters_.refused_changes;
    return ErrorResponse(403, "the header X-Stirbar-CSRF is missing or wrong");
  }
  sessions_.End(Cookie(request, kCookie));
  HttpResponse response = JsonResponse("{}");
  response.headers.emplace_back(
      "Set-Cookie", std::string(kCookie) + "=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
  return response;
}

HttpResponse Access::CheckForm(const HttpRequest& request, uint64_t now_ns) {
  if (!FromThisSite(request)) {
    ++counters_.refused_logins;
    return ErrorResponse(403, "the login form was sent from another site");
  }
  std::string_view type = request.Header("Content-Type");
  if (!EqualIgnoringCase(Trim(TakeUntil(';', &type)), "application/x-www-form-urlencoded")) {
    return ErrorResponse(415,
                         "/login takes application/x-www-form-urlencoded with a field 'token'");
  }
  const std::string_view page = ReturnPage(FormField(request.body, "next").value_or(""));
  const std::chrono::seconds wait = limiter_.Wait(request.client, now_ns);
  if (wait.count() > 0) {
    ++counters_.refused_logins;
    const std::string seconds = std::to_string(wait.count());
    HttpResponse response =
        LoginPage(429, "Too many wrong tokens. Try again in " + seconds + " s.", page);
    response.headers.emplace_back("Retry-After", seconds);
    return response;
  }
  const Role role = RoleOfToken(FormField(request.body, "token").value_or(""));
  if (role == Role::kNone) {
    ++counters_.refused_logins;
    limiter_.Fail(request.client, now_ns);
    Note(request, Severity::kWarning, "a login was refused: that is not the token");
    return LoginPage(401, "That is not the token.", page);
  }
  Note(request, Severity::kInfo, "logged in as " + std::string(Name(role)));
  HttpResponse response = RedirectResponse(page);
  // Not `Secure`: the port speaks plain HTTP, and the cookie would be dropped.
  response.headers.emplace_back(
      "Set-Cookie", std::string(kCookie) + "=" + sessions_.Begin(role, now_ns) +
                        "; HttpOnly; SameSite=Strict; Path=/; " + "Max-Age=" +
                        std::to_string(std::chrono::seconds(LoginSessions::kLifetime).count()));
  return response;
}

}  // namespace stirbar
