// What anybody may send to the supervisor's port. Two ways in:
//   a connection   bytes -> the server's own parser with its limits -> the router -> bytes
//   structured     a request made of the fuzzer's parts -> the router -> bytes
// each to a router bound to loopback and to one that wants a token. Held: without the token nothing
// but refusals and the login page comes out; under a foreign name nothing but 421; no secret
// appears in any output; every response is one well-formed response with the security headers,
// whatever the request smuggles into it; a login leads to a page of this server; no setting changes
// without the operator's token, and what holds after a change is allowed.
//
// The input: flags u8 (1: token required, 2: structured, 4: before the first tick), pieces u8 (how
// many bytes arrive at once; 0: all), then the connection's bytes, or requests made of texts.
// The tokens and a session are random; "@TOKEN@", "@READER@" and "@SESSION@" in the input stand for
// them, so that an input without these words has shown none.
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <string>

#include "fuzz/fuzz_input.h"
#include "segment/config.h"
#include "segment/mapping.h"
#include "supervisor/publish/access_token.h"
#include "supervisor/publish/http_wire.h"
#include "supervisor/publish/publish_fixture.h"
#include "supervisor/publish/router.h"
#include "supervisor/settings_api.h"

namespace stirbar {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::string_view kTokenWord = "@TOKEN@";
constexpr std::string_view kSessionWord = "@SESSION@";
constexpr std::string_view kReaderWord = "@READER@";
constexpr std::string_view kListenHost = "stirbar.example";
constexpr uint64_t kSecondNs = 1'000'000'000;

// A peer: what it sends arrives in pieces, and what it is sent is kept.
class Peer {
 public:
  Peer(std::string_view input, size_t piece) : input_(input), piece_(piece) {}

  template <typename Buffers>
  size_t read_some(const Buffers& buffers, error_code& code) {
    if (input_.empty()) {
      code = asio::error::eof;
      return 0;
    }
    const std::string_view piece = input_.substr(0, piece_ == 0 ? input_.size() : piece_);
    const size_t length = asio::buffer_copy(buffers, asio::buffer(piece));
    input_.remove_prefix(length);
    code = {};
    return length;
  }
  template <typename Buffers>
  size_t read_some(const Buffers& buffers) {
    error_code ignored;
    return read_some(buffers, ignored);
  }
  template <typename Buffers>
  size_t write_some(const Buffers& buffers, error_code& code) {
    const size_t before = output.size();
    for (const asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
      output.append(static_cast<const char*>(buffer.data()), buffer.size());
    }
    code = {};
    return output.size() - before;
  }
  template <typename Buffers>
  size_t write_some(const Buffers& buffers) {
    error_code ignored;
    return write_some(buffers, ignored);
  }

  std::string output;

 private:
  std::string_view input_;
  size_t piece_;
};

void Replace(std::string_view word, std::string_view by, std::string* text) {
  for (size_t at = text->find(word); at != std::string::npos;
       at = text->find(word, at + by.size())) {
    text->replace(at, word.size(), by);
  }
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool IsOneOf(int status, std::initializer_list<int> list) {
  return std::find(list.begin(), list.end(), status) != list.end();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

// Told anew, and not by the code under test: whether the request names this machine.
bool NamesThisMachine(const HttpRequest& request) {
  std::vector<std::string> hosts;
  for (const auto& [name, value] : request.headers) {
    if (Lower(name) == "host") hosts.push_back(Lower(value));
  }
  if (hosts.empty()) return request.version < 11;
  std::string host = hosts.front();
  host.erase(0, host.find_first_not_of(" \t"));
  host.erase(host.find_last_not_of(" \t") + 1);
  const size_t digits = host.find_last_not_of("0123456789");
  if (digits != std::string::npos && host[digits] == ':') host.erase(digits);
  return hosts.size() == 1 &&
         (host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host == kListenHost);
}

class NoRecords : public RecordSink {
 public:
  void Record(const HistoryRecord&) override {}
};

// One for all servers: what an input has changed is taken back before the next.
Segment& TheSegment() {
  static const std::unique_ptr<SegmentMapping> mapping = [] {
    const std::string path = "/dev/shm/stirbar-http-fuzz-" + std::to_string(getpid());
    auto made = SegmentMapping::CreateOrOpen(path, "fuzz");
    unlink(path.c_str());
    Require(made.ok(), "there is a segment");
    return std::move(*made);
  }();
  return mapping->segment();
}

// One server and what it promises.
class Server {
 public:
  Server(bool require_token, bool has_figures)
      : require_token_(require_token), has_figures_(has_figures), router_(Options(), History()) {
    for (const SettingSpec& spec : kSettingSpecs) {
      PutSetting(TheSegment(), spec, spec.initial, SettingOrigin::kDefault);
    }
    desk_.Begin({}, {}, now_ns_);
    if (require_token) session_ = LogIn();
  }

  // The input's words become the secrets. What has none of them has shown no secret.
  std::string WithSecrets(std::string_view input) {
    std::string text(input);
    operator_shown_ = Contains(text, kTokenWord) || Contains(text, kSessionWord);
    shown_ = operator_shown_ || Contains(text, kReaderWord);
    Replace(kTokenWord, token_, &text);
    Replace(kReaderWord, reader_token_, &text);
    Replace(kSessionWord, session_, &text);
    return text;
  }

  void Pass(uint64_t time_ns) { now_ns_ += time_ns; }

  HttpResponse Answer(const HttpRequest& request) {
    // A refusal may quote what was asked for; what was given for logging in is never quoted.
    may_quote_ =
        request.Path() != "/login" && (HasSecret(request.target) || HasSecret(request.body));
    HttpResponse response = router_.Route(
        request, {has_figures_ ? Figures() : std::shared_ptr<const Snapshot>(), now_ns_});
    if (require_token_ && !shown_) RequireRefusal(request, response);
    if (response.status == 303) RequireOwnAddress(response.Header("Location"));
    Require(operator_shown_ || desk_.changes().empty(), "who shows no token changes nothing");
    Require(CheckSettings(desk_.resolved().values).ok(), "what holds is allowed");
    for (const SettingSpec& spec : kSettingSpecs) {
      Require(CheckSetting(spec, desk_.resolved().values[spec.id]).ok(),
              "a setting is in its range");
    }
    if (!require_token_ && !NamesThisMachine(request)) {
      Require(IsOneOf(response.status, {400, 421}), "a foreign name gets nothing");
    }
    if (request.method == "HEAD") {
      Require(response.without_body && !response.is_stream, "HEAD has no body");
    }
    return response;
  }

  HttpResponse Refuse(const HttpRefusal& refusal) {
    return router_.Reject(refusal.status, refusal.reason);
  }

  // What is sent is the response, one response, and nothing but the response.
  void Send(const HttpResponse& response, HttpFraming framing) {
    Peer peer({}, 0);
    ResponseMessage message = WireResponse(response, framing);
    error_code code;
    http::response_serializer<http::span_body<const char>> serializer(message);
    if (response.is_stream) {
      http::write_header(peer, serializer, code);
    } else {
      http::write(peer, serializer, code);
    }
    Require(!code, "a response can be sent");
    Require(may_quote_ || !HasSecret(peer.output), "no token and no session is in any output");
    may_quote_ = false;

    http::response_parser<http::string_body> parser;
    parser.eager(true);
    parser.body_limit(boost::none);
    parser.skip(response.without_body || response.is_stream);
    const size_t used = parser.put(asio::buffer(peer.output), code);
    Require(!code && parser.is_done(), "a response is well-formed");
    Require(used == peer.output.size(), "a response ends where its length says");
    size_t expected = response.headers.size() + 1;  // Date
    for (const auto field : {http::field::connection, http::field::content_length}) {
      expected += message.count(field);
    }
    const auto& fields = parser.get();
    const auto count = std::distance(fields.begin(), fields.end());
    Require(static_cast<size_t>(count) == expected, "no header comes from a request");
    Require(parser.get().body() == (response.without_body ? "" : response.body),
            "the body is sent");
    for (const char* name : {"Content-Security-Policy", "X-Content-Type-Options",
                             "Cross-Origin-Resource-Policy", "Referrer-Policy", "Cache-Control"}) {
      const bool may_lack = std::string_view(name) == "Cache-Control";
      Require(may_lack || parser.get().count(name) == 1, "every response has the security headers");
    }
    for (const auto& [name, value] : response.headers) {
      const bool plain = name.find_first_of(std::string_view("\r\n\0:", 4)) == std::string::npos &&
                         value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
      Require(plain, "a header is one line");
    }
    if (response.Header("Content-Type").ends_with("json")) {
      boost::json::parse(response.body, code);
      Require(!code, "JSON is JSON");
    }
  }

 private:
  bool HasSecret(std::string_view text) const {
    return Contains(text, token_) || Contains(text, reader_token_) ||
           (!session_.empty() && Contains(text, session_));
  }

  static const HistorySource& History() {
    static const FakeHistory history;
    return history;
  }
  static std::shared_ptr<const Snapshot> Figures() {
    static const std::shared_ptr<const Snapshot> snapshot = MakeTestSnapshot();
    return snapshot;
  }
  static const LatencyGrid& Latency() {
    static const std::unique_ptr<LatencyGrid> grid = [] {
      auto made = std::make_unique<LatencyGrid>();
      auto snapshot = MakeTestSnapshot();
      snapshot->sample.tick.full = true;
      made->Publish(snapshot);
      return made;
    }();
    return *grid;
  }
  static std::shared_ptr<SnapshotText> Text() {
    static const auto text = std::make_shared<SnapshotText>();
    return text;
  }

  RouterOptions Options() {
    RouterOptions options;
    options.access = {std::string(kListenHost), require_token_, token_, reader_token_, &records_};
    options.assets = kTestAssets;
    options.snapshot_text = Text();
    options.latency = &Latency();
    options.endpoints = {SettingsEndpoint(desk_)};
    return options;
  }

  std::string LogIn() {
    HttpRequest request;
    request.method = "POST";
    request.target = "/login";
    request.headers = {{"Host", "app"}, {"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = "token=" + token_;
    const HttpResponse response = router_.Route(request, {nullptr, now_ns_});
    const std::string_view cookie = response.Header("Set-Cookie");
    const std::string_view name = "stirbar_session=";
    Require(cookie.starts_with(name), "the token opens a session");
    return std::string(cookie.substr(name.size(), cookie.find(';') - name.size()));
  }

  // Told anew, and not by the code under test: "/", "/name", "/login" and "/login?next=/name".
  static void RequireOwnAddress(std::string_view location) {
    constexpr std::string_view kForm = "/login?next=";
    if (location.starts_with(kForm)) location.remove_prefix(kForm.size());
    const bool plain = location.substr(std::min<size_t>(1, location.size()))
                           .find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == location.npos;
    Require(location.starts_with('/') && plain, "a redirect leads to a page of this server");
  }

  static void RequireRefusal(const HttpRequest& request, const HttpResponse& response) {
    const bool form = request.Path() == "/login" && response.status == 200 &&
                      Contains(response.body, "<form method=\"post\" action=\"/login\">");
    const bool to_form =
        response.status == 303 && response.Header("Location").starts_with("/login");
    Require(form || to_form || IsOneOf(response.status, {400, 401, 403, 405, 415, 429}),
            "without the token there is nothing but refusals and the form");
    Require(response.Header("Set-Cookie").empty(), "without the token there is no session");
    Require(!response.is_stream, "without the token there is no stream");
    Require(!Contains(response.body, "shop") && !Contains(response.body, kTestPage),
            "without the token no figure and no page comes out");
  }

  const bool require_token_;
  const bool has_figures_;
  // New for each input: libFuzzer learns words from comparisons and tries them in later ones.
  const std::string token_ = RandomToken();
  const std::string reader_token_ = RandomToken();
  bool shown_ = false;           // any token or the session
  bool operator_shown_ = false;  // what may change something
  bool may_quote_ = false;       // the request itself names a secret where names stand
  uint64_t now_ns_ = 1000 * kSecondNs;
  std::string session_;
  NoRecords records_;
  SettingDesk desk_{TheSegment(), SettingStore(""), records_, [](Severity, const std::string&) {}};
  Router router_;
};

// As HttpServer does, with another stream.
void Converse(Server& server, std::string_view input, size_t piece) {
  const std::string bytes = server.WithSecrets(input);
  Peer peer(bytes, piece);
  boost::beast::flat_buffer buffer(kHttpBufferLimit);
  for (;;) {
    RequestParser parser;
    error_code code;
    http::read(peer, buffer, parser, code);
    if (code) {
      const HttpRefusal refusal = RefusalFor(code);
      if (refusal.status != 0) server.Send(server.Refuse(refusal), {});
      return;
    }
    RequestMessage message = parser.release();
    const HttpFraming framing{message.version(), message.keep_alive()};
    const HttpRequest request = PlainRequest(std::move(message), "192.0.2.1");
    Require(request.body.size() <= kHttpBodyLimit, "a body is within its limit");
    const HttpResponse response = server.Answer(request);
    server.Send(response, framing);
    if (response.is_stream || !KeepsAlive(response, framing)) return;
    server.Pass(kSecondNs / 10);
  }
}

// A name from the table, or, where it has none for the byte, a text of the input's own.
template <size_t kSize>
std::string_view Pick(const std::array<std::string_view, kSize>& table, FuzzInput* input) {
  const uint8_t choice = input->Byte();
  return choice < kSize ? table[choice] : input->Text();
}

// Requests whose parts hold whatever bytes: the router does not rely on its parser.
void Ask(Server& server, std::string_view rest) {
  static constexpr std::array<std::string_view, 6> kMethods{"GET",    "HEAD",    "POST",
                                                            "DELETE", "OPTIONS", "TRACE"};
  static constexpr std::array<std::string_view, 21> kTargets{"/",
                                                             "/login",
                                                             "/metrics",
                                                             "/api/v1/snapshot",
                                                             "/health/live",
                                                             "/health/ready",
                                                             "/health/startup",
                                                             "/api/v1/history",
                                                             "/api/v1/stream",
                                                             "/assets/index-4f2a.js",
                                                             "/index.html",
                                                             "/api/v1/history?points=5",
                                                             "/workers",
                                                             "/api/v1/nothing",
                                                             "/api/v1/latency",
                                                             "/api/v1/latency?route=GET+/new",
                                                             "/api/v1/settings",
                                                             "/api/v1/session",
                                                             "/logout",
                                                             "/login?next=/alerts",
                                                             "/login?next=//evil"};
  static constexpr std::array<std::string_view, 15> kNames{
      "Host",   "Authorization",  "Cookie",          "Content-Type",    "Accept",
      "Origin", "Sec-Fetch-Site", "If-None-Match",   "Accept-Encoding", "host",
      "COOKIE", "AUTHORIZATION",  "X-Forwarded-For", "Content-Length",  "X-Stirbar-CSRF"};
  const std::string bytes = server.WithSecrets(rest);
  FuzzInput input(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  for (int i = 0; i < 16 && !input.empty(); ++i) {
    HttpRequest request;
    request.method = Pick(kMethods, &input);
    request.target = Pick(kTargets, &input);
    const uint8_t flags = input.Byte();
    request.version = (flags & 1U) != 0 ? 10 : 11;
    request.client = "192.0.2." + std::to_string(flags >> 1U & 3U);
    server.Pass((flags >> 3U & 3U) * 30 * kSecondNs);
    for (size_t n = flags >> 5U; n > 0; --n) {
      const std::string_view name = Pick(kNames, &input);
      request.headers.emplace_back(name, input.Text());
    }
    if (request.method == "POST") request.body = input.Text();
    server.Send(server.Answer(request), {static_cast<unsigned>(request.version), true});
  }
}

}  // namespace
}  // namespace stirbar

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stirbar::FuzzInput input(data, size);
  const uint8_t flags = input.Byte();
  const size_t piece = input.Byte();
  stirbar::Server server((flags & 1U) != 0, (flags & 4U) == 0);
  if ((flags & 2U) != 0) {
    stirbar::Ask(server, input.Rest());
  } else {
    stirbar::Converse(server, input.Rest(), piece);
  }
  return 0;
}
