#include "supervisor/publish/access.h"

#include <algorithm>
#include <cstdlib>

#include "supervisor/publish/access_token.h"
#include "supervisor/publish/login_page.h"

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

// The form changes nothing but whose session it is, and carries no secret of ours: that it comes
// from this very page is all that must be shown (login CSRF). Browsers send both headers on their
// own; programs send neither. Over plain HTTP only Origin comes.
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

bool Access::Allowed(const HttpRequest& request, uint64_t now_ns) const {
  if (!options_.require_token) return true;
  return ConstantTimeEqual(options_.token, BearerToken(request)) ||
         sessions_.Has(Cookie(request, kCookie), now_ns);
}

HttpResponse Access::Login(const HttpRequest& request, uint64_t now_ns) {
  if (request.method == "POST" && options_.require_token) return CheckForm(request, now_ns);
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
    HttpResponse response = ErrorResponse(405, "/login takes GET, HEAD and POST");
    response.headers.emplace_back("Allow", "GET, HEAD, POST");
    return response;
  }
  if (Allowed(request, now_ns)) return RedirectResponse("/");
  return LoginPage(200, "");
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
  const std::chrono::seconds wait = limiter_.Wait(request.client, now_ns);
  if (wait.count() > 0) {
    ++counters_.refused_logins;
    const std::string seconds = std::to_string(wait.count());
    HttpResponse response =
        LoginPage(429, "Too many wrong tokens. Try again in " + seconds + " s.");
    response.headers.emplace_back("Retry-After", seconds);
    return response;
  }
  if (!ConstantTimeEqual(options_.token, FormField(request.body, "token").value_or(""))) {
    ++counters_.refused_logins;
    limiter_.Fail(request.client, now_ns);
    return LoginPage(401, "That is not the token.");
  }
  HttpResponse response = RedirectResponse("/");
  // Not `Secure`: the port speaks plain HTTP, and the cookie would be dropped.
  response.headers.emplace_back(
      "Set-Cookie", std::string(kCookie) + "=" + sessions_.Begin(now_ns) +
                        "; HttpOnly; SameSite=Strict; Path=/; " + "Max-Age=" +
                        std::to_string(std::chrono::seconds(LoginSessions::kLifetime).count()));
  return response;
}

}  // namespace stirbar
