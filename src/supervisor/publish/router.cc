#include "supervisor/publish/router.h"

#include <array>
#include <charconv>

#include "supervisor/publish/health_json.h"
#include "supervisor/publish/history_json.h"
#include "supervisor/publish/latency_json.h"
#include "supervisor/publish/login_return.h"
#include "supervisor/publish/prometheus_text.h"

namespace stirbar {
namespace {

// Everything comes from this server itself, in its own files: injected markup can neither run nor
// load nor send anything. `base-uri 'self'`, because index.html has a <base>: injected markup could
// at most point it elsewhere on this server. `frame-ancestors 'self'`: only its own pages embed it.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

void AddSecurityHeaders(HttpResponse* response) {
  if (response->Header("Content-Security-Policy").empty()) {
    response->headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  }
  response->headers.emplace_back("X-Content-Type-Options", "nosniff");
  response->headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (response->Header("Referrer-Policy").empty()) {
    response->headers.emplace_back("Referrer-Policy", "no-referrer");
  }
}

HttpResponse NoFiguresYet() {
  HttpResponse response =
      ErrorResponse(503, "the supervisor has just started and has no figures yet");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse NoStore(std::string_view content_type, std::shared_ptr<const std::string> text) {
  HttpResponse response;
  response.SetBody(content_type, std::move(text));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

HttpResponse NoStore(std::string_view content_type, std::string text) {
  return NoStore(content_type, std::make_shared<const std::string>(std::move(text)));
}

HttpResponse Health(HealthProbe probe, const RouterState& state) {
  HealthAnswer answer = HealthJson(probe, state.snapshot.get());
  HttpResponse response = NoStore("application/health+json", std::move(answer.text));
  response.status = answer.http_status;
  return response;
}

// `name` of "?a=1&name=value", decoded; absent when it is not there.
std::optional<std::string> QueryValue(std::string_view target, std::string_view name) {
  TakeUntil('?', &target);
  return FormField(target, name);
}

constexpr std::array<std::string_view, 11> kEndpoints{
    "/api/v1/snapshot", "/api/v1/history",     "/api/v1/latency", "/api/v1/stream",
    "/api/v1/stacks",   "/api/v1/connections", "/api/v1/session", "/metrics",
    "/health/live",     "/health/ready",       "/health/startup"};

// What charts begin with: the newest seconds, from the segment. All else that is asked of the
// history its own part answers.
bool AsksForPoints(const HttpRequest& request) {
  if (request.Path() != "/api/v1/history") return false;
  return request.target.find('?') == std::string::npos ||
         QueryValue(request.target, "points").has_value();
}

bool IsEndpoint(std::string_view path) {
  for (const std::string_view endpoint : kEndpoints) {
    if (path == endpoint) return true;
  }
  return false;
}

}  // namespace

Router::Router(RouterOptions options, const HistorySource& history)
    : access_(std::move(options.access), &counters_),
      files_(options.assets),
      text_(options.snapshot_text ? std::move(options.snapshot_text)
                                  : std::make_shared<SnapshotText>()),
      history_(history),
      latency_(options.latency),
      stacks_(options.stacks),
      connections_(options.connections),
      endpoints_(std::move(options.endpoints)) {}

HttpResponse Router::Route(const HttpRequest& request, const RouterState& state) {
  ++counters_.requests;
  HttpResponse response = Answer(request, state);
  AddSecurityHeaders(&response);
  if (request.method == "HEAD") {
    response.without_body = true;
    response.is_stream = false;
  }
  return response;
}

HttpResponse Router::Reject(int status, std::string_view reason) {
  HttpResponse response = BadRequest(status, reason);
  AddSecurityHeaders(&response);
  return response;
}

HttpResponse Router::BadRequest(int status, std::string_view reason) {
  ++counters_.bad_requests;
  HttpResponse response = ErrorResponse(status, reason);
  response.close = true;
  return response;
}

HttpResponse Router::Answer(const HttpRequest& request, const RouterState& state) {
  const size_t hosts = request.HeaderCount("Host");
  if (hosts > 1 || (hosts == 0 && request.version >= 11)) {
    return BadRequest(400, "a request has exactly one Host header");
  }
  if (!request.target.starts_with('/')) {
    return BadRequest(400, "the request target begins with '/'");
  }
  if (!access_.HostAllowed(request)) {
    ++counters_.refused_hosts;
    return ErrorResponse(421, "this server answers to localhost, 127.0.0.1, [::1] and the host " +
                                  std::string("that it was told to listen on"));
  }
  if (request.Path() == "/login") return access_.Login(request, state.now_ns);
  if (access_.RoleOf(request, state.now_ns) == Role::kNone) return Unauthorized(request);
  if (request.Path() == "/logout") return access_.Logout(request, state.now_ns);
  if (const ApiEndpoint* const endpoint = Find(request.Path());
      endpoint != nullptr && !AsksForPoints(request)) {
    return Ask(*endpoint, request, state);
  }
  const bool is_endpoint = IsEndpoint(request.Path());
  if (!is_endpoint && !files_.Has(request.Path())) {
    return ErrorResponse(404, "there is nothing at this address");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = ErrorResponse(405, "this address takes GET and HEAD");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  return is_endpoint ? Endpoint(request, state) : files_.Serve(request);
}

const ApiEndpoint* Router::Find(std::string_view path) const {
  for (const ApiEndpoint& endpoint : endpoints_) {
    if (endpoint.path == path) return &endpoint;
  }
  return nullptr;
}

HttpResponse Router::Ask(const ApiEndpoint& endpoint, const HttpRequest& request,
                         const RouterState& state) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool changes = request.method == "POST";
  if ((reads && endpoint.get) || (changes && endpoint.post)) {
    if (changes) {
      if (std::optional<HttpResponse> refusal = access_.RefuseChange(request, state.now_ns)) {
        return std::move(*refusal);
      }
    }
    const ApiRequest asked{request, state.snapshot, state.now_ns,
                           access_.ActorOf(request, state.now_ns)};
    return changes ? endpoint.post(asked) : endpoint.get(asked);
  }
  std::string allowed = endpoint.get ? "GET, HEAD" : "";
  if (endpoint.post) allowed += allowed.empty() ? "POST" : ", POST";
  HttpResponse response = ErrorResponse(405, "this address takes " + allowed);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

HttpResponse Router::Unauthorized(const HttpRequest& request) {
  // Only a person in front of a browser is sent to the form; a script gets to know.
  const bool browser = request.method == "GET" && StaticFiles::IsPage(request.Path()) &&
                       Quality(request.Header("Accept"), "text/html") > 0;
  if (browser) return RedirectResponse(LoginAddress(request.Path()));
  ++counters_.refused_tokens;
  HttpResponse response =
      ErrorResponse(401, "a token is needed: send it as 'Authorization: Bearer TOKEN'");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"stirbar\"");
  return response;
}

HttpResponse Router::Endpoint(const HttpRequest& request, const RouterState& state) {
  const std::string_view path = request.Path();
  if (path == "/health/live") return Health(HealthProbe::kLive, state);
  if (path == "/health/ready") return Health(HealthProbe::kReady, state);
  if (path == "/health/startup") return Health(HealthProbe::kStartup, state);
  if (path == "/api/v1/session") return access_.Session(request, state.now_ns);
  if (path == "/api/v1/history") return History(request);
  if (path == "/api/v1/stream") return Stream();
  if (state.snapshot == nullptr) return NoFiguresYet();
  if (path == "/api/v1/latency") return Latency(request);
  if (path == "/api/v1/stacks") {
    return stacks_.Answer(request.target, *state.snapshot, state.now_ns);
  }
  if (path == "/api/v1/connections") return connections_.Answer(*state.snapshot, state.now_ns);
  if (path == "/metrics") return Metrics(request, *state.snapshot);
  return NoStore("application/json", text_->Get(state.snapshot));
}

HttpResponse Router::History(const HttpRequest& request) const {
  size_t points = kHistoryLength;
  if (const auto text = QueryValue(request.target, "points")) {
    const auto result = std::from_chars(text->data(), text->data() + text->size(), points);
    if (result.ec != std::errc() || result.ptr != text->data() + text->size() || points < 1 ||
        points > kHistoryLength) {
      return ErrorResponse(400, "points: '" + text->substr(0, 40) +
                                    "' is not allowed; it takes a whole number from 1 to " +
                                    std::to_string(kHistoryLength));
    }
  }
  return NoStore("application/json", HistoryJson(history_.Recent(points)));
}

HttpResponse Router::Latency(const HttpRequest& request) const {
  if (latency_ == nullptr) return NoFiguresYet();
  const auto label = QueryValue(request.target, "route");
  if (!label) return NoStore("application/json", LatencyJson(latency_->App()));
  LatencyView view;
  const std::string shown = "route: '" + label->substr(0, 300) + "' ";
  switch (latency_->Route(*label, &view)) {
    case LatencyGrid::Found::kYes:
      return NoStore("application/json", LatencyJson(view));
    case LatencyGrid::Found::kLeftOut:
      return ErrorResponse(404, shown + "is left out: only the " + std::to_string(kLatencyRoutes) +
                                    " most used routes are kept");
    case LatencyGrid::Found::kUnknown:
      break;
  }
  return ErrorResponse(404, shown + "has not been seen; routes are named as in the snapshot");
}

HttpResponse Router::Stream() {
  if (counters_.streams >= kMaxStreams) {
    ++counters_.refused_streams;
    HttpResponse response = ErrorResponse(
        503, "already " + std::to_string(kMaxStreams) + " event streams, no more are served");
    response.headers.emplace_back("Retry-After", "10");
    return response;
  }
  HttpResponse response;
  response.is_stream = true;
  response.close = true;
  response.headers = {{"Content-Type", "text/event-stream"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}};  // nginx would hold events back
  return response;
}

HttpResponse Router::Metrics(const HttpRequest& request, const Snapshot& snapshot) const {
  const MetricsFormat format = ChooseMetricsFormat(request.Header("Accept"));
  HttpResponse response =
      NoStore(MetricsContentType(format), MetricsText(snapshot, counters_, format));
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

}  // namespace stirbar
