#include "supervisor/publish/router.h"

#include <gtest/gtest.h>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

constexpr std::string_view kToken =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
constexpr uint64_t kSecond = 1'000'000'000;

class RouterTest : public testing::Test {
 protected:
  RouterOptions Options(bool require_token) const {
    RouterOptions options;
    options.access.host = "10.0.0.5";
    options.access.require_token = require_token;
    if (require_token) options.access.token = kToken;
    options.assets = kTestAssets;
    options.latency = &latency_;
    return options;
  }

  static HttpRequest Request(std::string method, std::string target,
                             std::vector<HttpHeader> headers = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    if (request.HeaderCount("Host") == 0) request.headers.emplace_back("Host", "localhost:8800");
    request.client = "10.0.0.9";
    return request;
  }

  HttpResponse Get(const std::string& target, std::vector<HttpHeader> headers = {}) {
    return open_.Route(Request("GET", target, std::move(headers)), state_);
  }

  HttpResponse GetClosed(const std::string& target, std::vector<HttpHeader> headers = {}) {
    return closed_.Route(Request("GET", target, std::move(headers)), state_);
  }

  HttpResponse Login(std::string_view token, std::vector<HttpHeader> headers = {}) {
    headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    HttpRequest request = Request("POST", "/login", std::move(headers));
    request.body = "token=" + std::string(token);
    return closed_.Route(request, state_);
  }

  FakeHistory history_;
  LatencyGrid latency_;
  Router open_{Options(false), history_};   // bound to loopback
  Router closed_{Options(true), history_};  // bound elsewhere
  RouterState state_{MakeTestSnapshot(), 1000 * kSecond};
};

TEST_F(RouterTest, AnswersEveryEndpoint) {
  const std::pair<const char*, const char*> endpoints[] = {
      {"/api/v1/snapshot", "application/json"},
      {"/api/v1/history", "application/json"},
      {"/api/v1/history?points=3", "application/json"},
      {"/api/v1/latency", "application/json"},
      {"/api/v1/connections", "application/json"},
      {"/api/v1/stream", "text/event-stream"},
      {"/metrics", "text/plain; version=0.0.4; charset=utf-8"},
      {"/health/live", "application/health+json"},
      {"/health/ready", "application/health+json"},
      {"/health/startup", "application/health+json"},
      {"/", "text/html; charset=utf-8"},
      {"/routes", "text/html; charset=utf-8"},
      {"/in-flight?sort=age", "text/html; charset=utf-8"},
      {"/assets/index-4f2a.js", "text/javascript; charset=utf-8"}};
  for (const auto& [target, type] : endpoints) {
    const HttpResponse response = Get(target);
    EXPECT_EQ(response.status, 200) << target;
    EXPECT_EQ(response.Header("Content-Type"), type) << target;
    EXPECT_EQ(response.without_body, false) << target;
    const HttpResponse head = open_.Route(Request("HEAD", target), state_);
    EXPECT_EQ(head.status, 200) << target;
    EXPECT_EQ(head.Header("Content-Type"), type) << target;
    EXPECT_TRUE(head.without_body && !head.is_stream) << target;
  }
}

TEST_F(RouterTest, PutsSecurityHeadersOnEverything) {
  for (const char* target : {"/", "/api/v1/snapshot", "/nothing.here", "/health/ready", "//x.y"}) {
    const HttpResponse response = Get(target);
    EXPECT_TRUE(response.Header("Content-Security-Policy").starts_with("default-src 'none'"));
    EXPECT_EQ(response.Header("Content-Security-Policy").find("unsafe"), std::string_view::npos);
    EXPECT_NE(response.Header("Content-Security-Policy").find("base-uri 'self'"),
              std::string_view::npos);
    EXPECT_EQ(response.Header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response.Header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(response.Header("Cross-Origin-Resource-Policy"), "same-origin");
  }
  EXPECT_EQ(open_.Reject(400, "bad").Header("X-Content-Type-Options"), "nosniff");
}

TEST_F(RouterTest, UnknownAddressesAre404EvenForProbesThatGuess) {
  for (const char* target : {"/api", "/api/v2/snapshot", "/api/v1/", "/health", "/healthz",
                             "/metrics/", "/favicon.ico", "/assets/x", "/assets/../index.html"}) {
    EXPECT_EQ(Get(target).status, 404) << target;
  }
  EXPECT_EQ(open_.Route(Request("POST", "/api/v1/nothing"), state_).status, 404);
}

TEST_F(RouterTest, OtherMethodsAre405WithAllow) {
  for (const char* target : {"/api/v1/snapshot", "/metrics", "/health/live", "/", "/routes"}) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", "BREW"}) {
      const HttpResponse response = open_.Route(Request(method, target), state_);
      EXPECT_EQ(response.status, 405) << method << target;
      EXPECT_EQ(response.Header("Allow"), "GET, HEAD");
    }
  }
}

TEST_F(RouterTest, HistoryNamesValueAndRange) {
  for (const char* points : {"0", "901", "-1", "x", "", "1.5", "99999999999999999999", "3x"}) {
    const HttpResponse response = Get("/api/v1/history?a=1&points=" + std::string(points));
    EXPECT_EQ(response.status, 400) << points;
    EXPECT_EQ(response.body, "{\"error\":\"points: '" + std::string(points) +
                                 "' is not allowed; it takes a whole number from 1 to 900\"}");
  }
}

TEST_F(RouterTest, LatencyIsOfTheAppOrOfOneRoute) {
  auto snapshot = MakeTestSnapshot();
  snapshot->sample.tick.full = true;
  latency_.Publish(snapshot);
  snapshot = std::make_shared<Snapshot>(*snapshot);
  snapshot->sample.routes.push_back(MakeRoute(9, "/a b/<path:p>", 3));
  latency_.Publish(snapshot);
  const std::string app(Get("/api/v1/latency").body);
  EXPECT_NE(app.find("[0,0,3,"), std::string::npos) << app;
  EXPECT_EQ(Get("/api/v1/latency?route=GET%20/a+b/%3Cpath%3Ap%3E").body, app);
  const HttpResponse quiet = Get("/api/v1/latency?x=1&route=GET+/item/%3cint:id%3e&y");
  EXPECT_EQ(quiet.status, 200);
  EXPECT_EQ(quiet.body.find("[0,0,3,"), std::string::npos);
  EXPECT_EQ(Get("/api/v1/latency?route=(unmatched)").status, 200);
  for (const char* route : {"", "GET+/none", "POST+/item/%3Cint:id%3E", "%zz", "%00"}) {
    const HttpResponse unknown = Get("/api/v1/latency?route=" + std::string(route));
    EXPECT_EQ(unknown.status, 404) << route;
    EXPECT_NE(unknown.body.find("has not been seen"), std::string::npos) << unknown.body;
  }
  EXPECT_NE(Get("/api/v1/latency?route=GET+/none").body.find("'GET /none'"), std::string::npos);
  EXPECT_EQ(GetClosed("/api/v1/latency").status, 401);
}

TEST_F(RouterTest, BeforeTheFirstTickItIsAliveButNotReady) {
  state_.snapshot = nullptr;
  EXPECT_EQ(Get("/health/live").status, 200);
  EXPECT_EQ(Get("/health/ready").status, 503);
  EXPECT_EQ(Get("/health/startup").status, 503);
  EXPECT_EQ(Get("/api/v1/snapshot").status, 503);
  EXPECT_EQ(Get("/metrics").status, 503);
  EXPECT_EQ(Get("/api/v1/latency").status, 503);
  EXPECT_EQ(Get("/api/v1/stream").status, 200);
}

TEST_F(RouterTest, HealthTellsTheReasonAndFailsWith503) {
  auto snapshot = MakeTestSnapshot();
  snapshot->evaluation.assessment.ready = {Status::kCritical, "all 2 workers are hung"};
  snapshot->evaluation.assessment.live = {Status::kWarning, "slow"};
  state_.snapshot = snapshot;
  const HttpResponse ready = Get("/health/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.Header("Cache-Control"), "no-store");
  const auto body = boost::json::parse(ready.body);
  EXPECT_EQ(body.at("status").as_string(), "fail");
  EXPECT_EQ(body.at("output").as_string(), "all 2 workers are hung");
  EXPECT_EQ(body.at("checks").at("workers:state").at(0).at("status").as_string(), "fail");
  EXPECT_EQ(body.at("checks").at("memory:utilization").at(0).at("status").as_string(), "pass");
  EXPECT_EQ(Get("/health/live").status, 200);
}

TEST_F(RouterTest, StaticFilesAreCachedAndCompressed) {
  const HttpResponse gzip = Get("/assets/index-4f2a.js", {{"Accept-Encoding", "br, gzip"}});
  EXPECT_EQ(gzip.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(gzip.Header("ETag"), "\"aaaa\"");
  EXPECT_NE(gzip.Header("Cache-Control").find("immutable"), std::string_view::npos);
  const HttpResponse plain = Get("/workers", {{"Accept-Encoding", "gzip;q=0"}});
  EXPECT_EQ(plain.Header("Content-Encoding"), "");
  EXPECT_EQ(plain.body, kTestPage);
  EXPECT_EQ(plain.Header("ETag"), "W/\"bbbb\"");
  EXPECT_EQ(plain.Header("Cache-Control").find("immutable"), std::string_view::npos);
  for (const char* tag : {"\"bbbb\"", "\"x\", W/\"bbbb\"", "*"}) {
    const HttpResponse same = Get("/", {{"If-None-Match", tag}});
    EXPECT_EQ(same.status, 304) << tag;
    EXPECT_TRUE(same.without_body && same.body.empty());
  }
  EXPECT_EQ(Get("/", {{"If-None-Match", "\"x\""}}).status, 200);
}

TEST_F(RouterTest, LoopbackAnswersOnlyToItsOwnNames) {
  for (const char* host :
       {"localhost", "LOCALHOST:1", "127.0.0.1:8800", "[::1]:8800", "[::1]", "10.0.0.5:8800"}) {
    EXPECT_EQ(Get("/health/live", {{"Host", host}}).status, 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8800",
                           "", "[::2]", "localhost:80@evil.example", "::1"}) {
    EXPECT_EQ(Get("/health/live", {{"Host", host}}).status, 421) << host;
  }
  EXPECT_EQ(open_.counters().refused_hosts, 7U);
}

TEST_F(RouterTest, HostHeaderMustBeThereOnce) {
  EXPECT_EQ(Get("/", {{"Host", "localhost"}, {"host", "localhost"}}).status, 400);
  HttpRequest request = Request("GET", "/health/live");
  request.headers.clear();
  const HttpResponse response = open_.Route(request, state_);
  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(response.close);
  request.version = 10;
  EXPECT_EQ(open_.Route(request, state_).status, 200);
  EXPECT_EQ(Get("http://localhost/").status, 400);
  EXPECT_EQ(Get("*").status, 400);
}

TEST_F(RouterTest, LoopbackNeedsNoLogin) {
  EXPECT_EQ(Get("/login").Header("Location"), "/");
  EXPECT_EQ(open_.Route(Request("POST", "/login"), state_).status, 303);
}

TEST_F(RouterTest, ElsewhereEverythingNeedsTheToken) {
  const std::string bearer = "Bearer " + std::string(kToken);
  for (const char* target :
       {"/", "/routes", "/assets/index-4f2a.js", "/api/v1/snapshot", "/metrics", "/api/v1/history",
        "/api/v1/stream", "/health/live", "/health/ready", "/health/startup", "/nothing.here"}) {
    const HttpResponse refused = GetClosed(target);
    EXPECT_EQ(refused.status, 401) << target;
    EXPECT_TRUE(refused.Header("WWW-Authenticate").starts_with("Bearer"));
    for (const std::string& wrong :
         {std::string("Bearer"), "Bearer " + std::string(64, '0'),
          "Bearer " + std::string(kToken) + "0", "Basic " + std::string(kToken),
          std::string(kToken), "Bearer " + std::string(kToken.substr(0, 63))}) {
      EXPECT_EQ(GetClosed(target, {{"Authorization", wrong}}).status, 401) << wrong;
    }
    EXPECT_EQ(GetClosed(target, {{"Cookie", "stirbar_session=" + std::string(kToken)}}).status,
              401);
    EXPECT_EQ(GetClosed(target + std::string("?token=") + std::string(kToken)).status, 401);
    EXPECT_NE(GetClosed(target, {{"Authorization", bearer}}).status, 401) << target;
  }
  EXPECT_EQ(closed_.Route(Request("POST", "/api/v1/snapshot"), state_).status, 401);
  EXPECT_EQ(GetClosed("/health/live", {{"Authorization", bearer}, {"Host", "any.example"}}).status,
            200);
}

TEST_F(RouterTest, BrowsersAreSentToTheForm) {
  const std::vector<HttpHeader> html = {{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}};
  EXPECT_EQ(GetClosed("/routes", html).status, 303);
  EXPECT_EQ(GetClosed("/routes", html).Header("Location"), "/login?next=/routes");
  EXPECT_EQ(GetClosed("/routes?x=//evil", html).Header("Location"), "/login?next=/routes");
  for (const char* other : {"/", "//evil", "/\\evil", "/%2Fevil", "/routes/%5Cevil", "/nothing"}) {
    EXPECT_EQ(GetClosed(other, html).Header("Location"), "/login") << other;
  }
  EXPECT_EQ(GetClosed("/api/v1/snapshot", html).status, 401);
  const HttpResponse form = GetClosed("/login");
  EXPECT_EQ(form.status, 200);
  EXPECT_NE(form.body.find("<form method=\"post\" action=\"/login\">"), std::string_view::npos);
  EXPECT_EQ(form.body.find(kToken), std::string_view::npos);
  EXPECT_EQ(form.body.find("<script"), std::string_view::npos);
  // One style, named by its hash; nothing else may load.
  EXPECT_EQ(form.Header("Content-Security-Policy").find("unsafe"), std::string_view::npos);
  EXPECT_NE(form.Header("Content-Security-Policy").find("style-src 'sha256-"),
            std::string_view::npos);
  EXPECT_EQ(form.body.find("style=\""), std::string_view::npos);
  EXPECT_EQ(form.Header("Referrer-Policy"), "same-origin");
}

TEST_F(RouterTest, LoginGivesASessionForTwelveHours) {
  const HttpResponse response = Login(kToken, {{"Origin", "http://localhost:8800"}});
  EXPECT_EQ(response.status, 303);
  const std::string cookie(response.Header("Set-Cookie"));
  EXPECT_TRUE(cookie.starts_with("stirbar_session="));
  EXPECT_NE(cookie.find("; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"), std::string::npos);
  EXPECT_EQ(cookie.find(kToken), std::string::npos);
  const std::string session = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(session.size(), std::string_view("stirbar_session=").size() + 64);
  EXPECT_EQ(GetClosed("/api/v1/snapshot", {{"Cookie", "a=b; " + session + "; c=d"}}).status, 200);
  EXPECT_EQ(GetClosed("/login", {{"Cookie", session}}).status, 303);
  EXPECT_EQ(GetClosed("/api/v1/snapshot", {{"Cookie", session + "0"}}).status, 401);
  state_.now_ns += 12 * 3600 * kSecond;
  EXPECT_EQ(GetClosed("/api/v1/snapshot", {{"Cookie", session}}).status, 401);
}

TEST_F(RouterTest, LoginLeadsToThePageThatWasWanted) {
  const HttpResponse form = GetClosed("/login?next=/alerts");
  EXPECT_NE(form.body.find("name=\"next\" type=\"hidden\" value=\"/alerts\""),
            std::string_view::npos);
  const std::string token(kToken);
  EXPECT_EQ(Login(token + "&next=/alerts").Header("Location"), "/alerts");
  EXPECT_EQ(Login(token + "&next=%2Falerts").Header("Location"), "/alerts");
  EXPECT_EQ(Login(token).Header("Location"), "/");
  EXPECT_EQ(Get("/login?next=/alerts").Header("Location"), "/alerts");  // who needs no login
  const HttpResponse again = Login("wrong&next=/alerts");
  EXPECT_EQ(again.status, 401);
  EXPECT_NE(again.body.find("value=\"/alerts\""), std::string_view::npos);
}

TEST_F(RouterTest, LoginLeadsNowhereElse) {
  const std::string token(kToken);
  for (const std::string wanted :
       {"//evil", "%2F%2Fevil", "/\\evil", "/%5Cevil", "%2F%5Cevil", "%252F%252Fevil",
        "https://evil.example", "/alerts%0D%0ASet-Cookie:a=b", "/%09/evil",
        "/alerts%22%3E%3Cscript%3E", "/login", "/logout"}) {
    EXPECT_EQ(Login(token + "&next=" + wanted).Header("Location"), "/") << wanted;
    EXPECT_EQ(Get("/login?next=" + wanted).Header("Location"), "/") << wanted;
    EXPECT_EQ(GetClosed("/login?next=" + wanted).body, GetClosed("/login").body) << wanted;
  }
}

TEST_F(RouterTest, LoginFormDecodes) {
  EXPECT_EQ(Login("%30" + std::string(kToken.substr(1)) + "&x=y").status, 303);
  EXPECT_EQ(Login("%3").status, 401);
  EXPECT_EQ(Login("").status, 401);
}

TEST_F(RouterTest, LoginRefusesOtherSites) {
  for (const HttpHeader& header : std::vector<HttpHeader>{{"Origin", "http://evil.example"},
                                                          {"Origin", "null"},
                                                          {"Origin", "http://localhost:8801"},
                                                          {"Origin", "http://localhost"},
                                                          {"Sec-Fetch-Site", "cross-site"},
                                                          {"Sec-Fetch-Site", "same-site"}}) {
    const HttpResponse response = Login(kToken, {header});
    EXPECT_EQ(response.status, 403) << header.first << header.second;
    EXPECT_EQ(response.Header("Set-Cookie"), "");
  }
  EXPECT_EQ(Login(kToken, {{"Sec-Fetch-Site", "same-origin"}}).status, 303);
}

TEST_F(RouterTest, LoginTakesOnlyForms) {
  HttpRequest request = Request("POST", "/login", {{"Content-Type", "application/json"}});
  EXPECT_EQ(closed_.Route(request, state_).status, 415);
  const HttpResponse response = closed_.Route(Request("DELETE", "/login"), state_);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.Header("Allow"), "GET, HEAD, POST");
}

TEST_F(RouterTest, LoginIsLimitedForEachClient) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Login("wrong").status, 401);
    state_.now_ns += 2 * kSecond;
  }
  const HttpResponse limited = Login(kToken);  // the right one does not help either
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.Header("Retry-After"), "50");
  state_.now_ns += 50 * kSecond;
  EXPECT_EQ(Login("wrong").status, 401);  // one may be tried: the oldest has fallen out
  EXPECT_EQ(Login(kToken).status, 429);
  state_.now_ns += 60 * kSecond;
  EXPECT_EQ(Login(kToken).status, 303);
}

TEST(LoginLimiter, ForgetsOldClientsAndStaysSmall) {
  LoginLimiter limiter;
  for (int i = 0; i < 5; ++i) limiter.Fail("first", kSecond);
  EXPECT_EQ(limiter.Wait("first", kSecond).count(), 60);
  EXPECT_EQ(limiter.Wait("second", kSecond).count(), 0);
  for (size_t i = 0; i < LoginLimiter::kClients; ++i) limiter.Fail(std::to_string(i), 2 * kSecond);
  EXPECT_EQ(limiter.Wait("first", 2 * kSecond).count(), 0);
}

TEST(LoginSessions, OneMoreEndsTheOldest) {
  LoginSessions sessions;
  const std::string oldest = sessions.Begin(Role::kReader, 0);
  std::string newest;
  for (size_t i = 0; i < LoginSessions::kSessions; ++i) {
    newest = sessions.Begin(Role::kOperator, 1);
  }
  EXPECT_EQ(sessions.Find(oldest, 2), nullptr);
  ASSERT_NE(sessions.Find(newest, 2), nullptr);
  EXPECT_EQ(sessions.Find(newest, 2)->role, Role::kOperator);
  EXPECT_EQ(sessions.Find("", 2), nullptr);
}

TEST(LoginSessions, AnEndedOneIsGone) {
  LoginSessions sessions;
  const std::string id = sessions.Begin(Role::kOperator, 0);
  sessions.End(id);
  EXPECT_EQ(sessions.Find(id, 1), nullptr);
}

// ------------------------------------------------------------------------------------- changes

constexpr std::string_view kReaderToken =
    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

class Recorded : public RecordSink {
 public:
  void Record(const HistoryRecord& record) override { records.push_back(record); }
  std::vector<HistoryRecord> records;
};

class ChangeTest : public RouterTest {
 protected:
  RouterOptions Options(bool require_token) {
    RouterOptions options;
    options.access = {"10.0.0.5", require_token, std::string(kToken), std::string(kReaderToken),
                      &records_};
    options.assets = kTestAssets;
    options.endpoints.push_back({.path = "/api/v1/thing",
                                 .get = [](const ApiRequest&) { return JsonResponse("{}"); },
                                 .post =
                                     [this](const ApiRequest& request) {
                                       actors_.push_back(request.actor);
                                       return JsonResponse("{}");
                                     }});
    return options;
  }

  HttpResponse Post(std::vector<HttpHeader> headers, Router* router = nullptr) {
    HttpRequest request = Request("POST", "/api/v1/thing", std::move(headers));
    if (request.HeaderCount("Content-Type") == 0) {
      request.headers.emplace_back("Content-Type", "application/json");
    }
    request.body = "{}";
    return (router != nullptr ? router : &loopback_)->Route(request, state_);
  }

  // The Cookie header of a session.
  std::string LogIn(std::string_view token, Router* router) {
    HttpRequest request =
        Request("POST", "/login", {{"Content-Type", "application/x-www-form-urlencoded"}});
    request.body = "token=" + std::string(token);
    const HttpResponse response = router->Route(request, state_);
    const std::string_view cookie = response.Header("Set-Cookie");
    return std::string(cookie.substr(0, cookie.find(';')));
  }

  std::string Csrf(const std::string& cookie) {
    const HttpResponse response =
        loopback_.Route(Request("GET", "/api/v1/session", {{"Cookie", cookie}}), state_);
    const boost::json::value session = boost::json::parse(response.body);
    return std::string(session.at("csrf").as_string());
  }

  static HttpHeader Bearer(std::string_view token) {
    return {"Authorization", "Bearer " + std::string(token)};
  }

  Recorded records_;
  std::vector<std::string> actors_;
  Router loopback_{Options(false), history_};
  Router elsewhere_{Options(true), history_};
};

TEST_F(ChangeTest, LoopbackReadsWithoutATokenButChangesNothing) {
  EXPECT_EQ(loopback_.Route(Request("GET", "/api/v1/thing"), state_).status, 200);
  EXPECT_EQ(Post({}).status, 401);
  EXPECT_EQ(Post({Bearer("wrong")}).status, 401);
  EXPECT_TRUE(actors_.empty());
  EXPECT_EQ(loopback_.counters().refused_changes, 2u);
  ASSERT_EQ(records_.records.size(), 2u);
  EXPECT_EQ(records_.records[0].kind, RecordKind::kAccess);
  EXPECT_EQ(records_.records[0].actor, "10.0.0.9");
}

TEST_F(ChangeTest, TheOperatorsTokenChanges) {
  EXPECT_EQ(Post({Bearer(kToken)}).status, 200);
  EXPECT_EQ(Post({Bearer(kToken)}, &elsewhere_).status, 200);
  EXPECT_EQ(actors_,
            (std::vector<std::string>{"operator from 10.0.0.9", "operator from 10.0.0.9"}));
}

TEST_F(ChangeTest, TheCommandLineSaysWhoRanIt) {
  const auto actor = [&](const std::string& user, const HttpHeader& proof) {
    Post({proof, {"X-Stirbar-User", user}, {"X-Stirbar-CSRF", "x"}});
    return actors_.empty() ? "" : actors_.back();
  };
  const HttpHeader token = Bearer(kToken);
  EXPECT_EQ(actor("ann", token), "operator (cli, user ann) from 10.0.0.9");
  EXPECT_EQ(actor("svc_shop-1.x", token), "operator (cli, user svc_shop-1.x) from 10.0.0.9");
  EXPECT_EQ(actor("", token), "operator from 10.0.0.9");
  // Nothing that could pass for something else in a log, a page or a terminal.
  EXPECT_EQ(actor("a) from here\r\n\x1b[31m<b>\xc3\xa9", token),
            "operator (cli, user afromhere31mb) from 10.0.0.9");
  EXPECT_EQ(actor("\n () <>", token), "operator from 10.0.0.9");
  EXPECT_EQ(actor(std::string(1000, 'a'), token),
            "operator (cli, user " + std::string(32, 'a') + ") from 10.0.0.9");
  // A browser has no say in it.
  const std::string session = LogIn(kToken, &loopback_);
  Post({{"Cookie", session}, {"X-Stirbar-CSRF", Csrf(session)}, {"X-Stirbar-User", "ann"}});
  EXPECT_EQ(actors_.back(), "operator from 10.0.0.9");
}

TEST_F(ChangeTest, TheReadersTokenReadsOnly) {
  const HttpRequest read = Request("GET", "/api/v1/thing", {Bearer(kReaderToken)});
  EXPECT_EQ(elsewhere_.Route(read, state_).status, 200);
  EXPECT_EQ(Post({Bearer(kReaderToken)}, &elsewhere_).status, 403);
  EXPECT_EQ(Post({{"Cookie", LogIn(kReaderToken, &loopback_)}}).status, 403);
  EXPECT_TRUE(actors_.empty());
}

TEST_F(ChangeTest, ACookieAloneIsNoProof) {
  const std::string cookie = LogIn(kToken, &loopback_);
  EXPECT_EQ(Post({{"Cookie", cookie}}).status, 403);
  EXPECT_EQ(Post({{"Cookie", cookie}, {"X-Stirbar-CSRF", "guess"}}).status, 403);
  EXPECT_TRUE(actors_.empty());
  EXPECT_EQ(Post({{"Cookie", cookie}, {"X-Stirbar-CSRF", Csrf(cookie)}}).status, 200);
  EXPECT_EQ(actors_.size(), 1u);
}

TEST_F(ChangeTest, OtherSitesAndFormsAreRefused) {
  const std::string cookie = LogIn(kToken, &loopback_);
  const std::string csrf = Csrf(cookie);
  const auto post = [&](HttpHeader header) {
    return Post({{"Cookie", cookie}, {"X-Stirbar-CSRF", csrf}, std::move(header)}).status;
  };
  EXPECT_EQ(post({"Origin", "http://evil.example"}), 403);
  EXPECT_EQ(post({"Sec-Fetch-Site", "cross-site"}), 403);
  EXPECT_EQ(post({"Content-Type", "text/plain"}), 415);
  EXPECT_EQ(post({"Origin", "http://localhost:8800"}), 200);
}

TEST_F(ChangeTest, AfterLoggingOutTheCookieIsWorthNothing) {
  const std::string cookie = LogIn(kToken, &loopback_);
  const std::string csrf = Csrf(cookie);
  EXPECT_EQ(loopback_.Route(Request("POST", "/logout", {{"Cookie", cookie}}), state_).status, 403);
  const HttpRequest logout =
      Request("POST", "/logout", {{"Cookie", cookie}, {"X-Stirbar-CSRF", csrf}});
  EXPECT_EQ(loopback_.Route(logout, state_).status, 200);
  EXPECT_EQ(Post({{"Cookie", cookie}, {"X-Stirbar-CSRF", csrf}}).status, 401);
}

TEST_F(ChangeTest, WithoutATokenNothingCanBeChanged) {
  RouterOptions options = Options(false);
  options.access.token.clear();
  Router router(std::move(options), history_);
  EXPECT_EQ(Post({Bearer("")}, &router).status, 403);
  EXPECT_EQ(Post({{"Authorization", "Bearer"}}, &router).status, 403);
}

TEST_F(ChangeTest, OtherMethodsAreNamed) {
  const HttpResponse response = loopback_.Route(Request("DELETE", "/api/v1/thing"), state_);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.Header("Allow"), "GET, HEAD, POST");
}

TEST_F(RouterTest, StreamsAreLimited) {
  open_.counters().streams = kMaxStreams;
  EXPECT_EQ(Get("/api/v1/stream").status, 503);
  EXPECT_EQ(open_.counters().refused_streams, 1U);
}

TEST_F(RouterTest, MetricsFollowTheAcceptHeader) {
  const HttpResponse response = Get("/metrics", {{"Accept", "application/openmetrics-text"}});
  EXPECT_TRUE(response.Header("Content-Type").starts_with("application/openmetrics-text"));
  EXPECT_TRUE(response.body.ends_with("# EOF\n"));
}

}  // namespace
}  // namespace stirbar
