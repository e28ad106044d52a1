#include "supervisor/publish/http_server.h"

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

// Server and client share one thread: a client's read drives the loop until it has what it waits
// for.
class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    tcp::acceptor listener(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port_ = listener.local_endpoint().port();
    options.listen_fd = listener.release();
    options.host = "127.0.0.1";
    options.assets = kTestAssets;
    server_ = MakeHttpServer(io_, options, history_);
    server_->Publish(MakeTestSnapshot());
  }

  class Client {
   public:
    Client(asio::io_context& io, uint16_t port) : io_(io), socket_(io) {
      socket_.connect({asio::ip::address_v4::loopback(), port});
    }

    void Send(std::string_view text) { asio::write(socket_, asio::buffer(text)); }

    void Get(std::string_view target) {
      Send("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }

    // All up to and including `end`; what had come by then when that takes more than 5 s.
    std::string ReadUntil(const std::string& end) {
      bool done = false;
      size_t taken = 0;
      asio::async_read_until(socket_, asio::dynamic_buffer(received_), end,
                             [&](boost::system::error_code code, size_t length) {
                               done = true;
                               taken = code ? received_.size() : length;
                             });
      Run(&done);
      std::string text = received_.substr(0, taken);
      received_.erase(0, taken);
      return text;
    }

    // The rest, until the server closes; "(still open)" when it does not within 5 s.
    std::string ReadAll() {
      bool done = false;
      asio::async_read(socket_, asio::dynamic_buffer(received_),
                       [&](boost::system::error_code, size_t) { done = true; });
      return Run(&done) ? std::exchange(received_, {}) : "(still open)";
    }

    // A whole response with Content-Length.
    std::string ReadResponse() {
      std::string head = ReadUntil("\r\n\r\n");
      const size_t at = head.find("Content-Length: ");
      if (at == std::string::npos) return head;
      const size_t length = std::stoul(head.substr(at + 16));
      while (received_.size() < length) {
        bool done = false;
        asio::async_read(socket_, asio::dynamic_buffer(received_),
                         asio::transfer_at_least(length - received_.size()),
                         [&](boost::system::error_code, size_t) { done = true; });
        if (!Run(&done)) break;
      }
      head += received_.substr(0, length);
      received_.erase(0, length);
      return head;
    }

    tcp::socket& socket() { return socket_; }

   private:
    bool Run(bool* done) {
      const auto end = std::chrono::steady_clock::now() + 5s;
      while (!*done && std::chrono::steady_clock::now() < end) io_.run_one_for(100ms);
      if (!*done) {
        socket_.cancel();
        while (!*done) io_.run_one_for(100ms);
        return false;
      }
      return true;
    }

    asio::io_context& io_;
    tcp::socket socket_;
    std::string received_;
  };

  Client Connect() { return Client(io_, port_); }

  asio::io_context io_;
  FakeHistory history_;
  uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, KeepsConnectionsAndAnswersPipelinedRequests) {
  Start();
  Client client = Connect();
  client.Get("/health/live");
  EXPECT_TRUE(client.ReadResponse().starts_with("HTTP/1.1 200 OK\r\n"));
  client.Send(
      "GET /api/v1/history?points=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "HEAD /api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /nothing.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.ReadResponse().find("\"points\":1"), std::string::npos);
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200"));
  EXPECT_NE(head.find("Content-Length: "), std::string::npos);
  const std::string last = client.ReadAll();
  EXPECT_TRUE(last.starts_with("HTTP/1.1 404")) << last;
  EXPECT_EQ(server_->counters().requests, 4U);
}

TEST_F(HttpServerTest, AnswersNotModifiedWithoutBody) {
  Start();
  Client client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"bbbb\"\r\n\r\n");
  EXPECT_TRUE(client.ReadUntil("\r\n\r\n").starts_with("HTTP/1.1 304"));
  client.Get("/");
  const std::string page = client.ReadResponse();
  EXPECT_TRUE(page.starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(page.ends_with(kTestPage));
}

TEST_F(HttpServerTest, StreamsASnapshotAtOnceAndOneEachPublish) {
  Start();
  Client client = Connect();
  client.Get("/api/v1/stream");
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_NE(head.find("text/event-stream"), std::string::npos);
  EXPECT_TRUE(client.ReadUntil("\n\n").starts_with("event: snapshot\ndata: {\"version\""));
  EXPECT_EQ(server_->counters().streams, 1U);
  auto next = MakeTestSnapshot();
  next->sample.app_name = "second";
  server_->Publish(next);
  EXPECT_NE(client.ReadUntil("\n\n").find("\"name\":\"second\""), std::string::npos);
  client.socket().close();
  for (int i = 0; i < 10 && server_->counters().streams > 0; ++i) {
    server_->Publish(MakeTestSnapshot());
    io_.run_for(10ms);
  }
  EXPECT_EQ(server_->counters().streams, 0U);
  EXPECT_EQ(server_->counters().connections, 0U);
}

TEST_F(HttpServerTest, AQuietStreamGetsComments) {
  HttpServerOptions options;
  options.timeouts.stream_comment = 20ms;
  Start(options);
  Client client = Connect();
  client.Get("/api/v1/stream");
  client.ReadUntil("\r\n\r\n");
  client.ReadUntil("\n\n");
  EXPECT_EQ(client.ReadUntil("\n\n"), ":\n\n");
}

TEST_F(HttpServerTest, ASlowClientHoldsNobodyUpAndGetsTheNewest) {
  Start();
  Client slow = Connect();
  slow.Get("/api/v1/stream");
  slow.ReadUntil("\r\n\r\n");
  Client quick = Connect();
  quick.Get("/api/v1/stream");
  quick.ReadUntil("\r\n\r\n");
  quick.ReadUntil("\n\n");
  // Enough to fill the socket's buffers many times over.
  constexpr int kPublishes = 200;
  for (int i = 0; i < kPublishes; ++i) {
    auto snapshot = MakeTestSnapshot();
    snapshot->sample.app_name = "number " + std::to_string(i) + std::string(300'000, '.');
    server_->Publish(snapshot);
    const std::string event = quick.ReadUntil("\n\n");
    ASSERT_NE(event.find("number " + std::to_string(i) + "."), std::string::npos) << i;
  }
  std::string event;
  int events = 0;
  do {
    event = slow.ReadUntil("\n\n");
    ASSERT_FALSE(event.empty()) << "after " << events;
    ++events;
  } while (event.find("number 199.") == std::string::npos && events < kPublishes);
  EXPECT_LT(events, kPublishes / 2);
}

TEST_F(HttpServerTest, WhatIsNotHttpGets4xxAndIsClosed) {
  Start();
  const std::pair<std::string, const char*> cases[] = {
      {"this is not HTTP\r\n\r\n", "HTTP/1.1 400"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n",
       "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header : x\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n",
       "HTTP/1.1 431"},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n", "HTTP/1.1 413"}};
  uint64_t counted = 0;
  for (const auto& [text, status] : cases) {
    Client client = Connect();
    client.Send(text);
    const std::string answer = client.ReadAll();
    EXPECT_TRUE(answer.starts_with(status)) << text.substr(0, 60) << " -> " << answer;
    EXPECT_NE(answer.find("{\"error\":"), std::string::npos);
    EXPECT_EQ(server_->counters().bad_requests, ++counted);
  }
}

TEST_F(HttpServerTest, AHalfRequestIsCut) {
  HttpServerOptions options;
  options.timeouts.request = 30ms;
  Start(options);
  Client silent = Connect();
  EXPECT_EQ(silent.ReadAll(), "");
  Client slow = Connect();
  slow.Send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(slow.ReadAll(), "");
  EXPECT_EQ(server_->counters().timeouts, 1U);
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosed) {
  HttpServerOptions options;
  options.timeouts.idle = 30ms;
  Start(options);
  Client client = Connect();
  client.Get("/health/live");
  client.ReadResponse();
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(HttpServerTest, TheConnectionThatWaitsLongestMakesRoom) {
  HttpServerOptions options;
  options.max_connections = 2;
  Start(options);
  Client stream = Connect();
  stream.Get("/api/v1/stream");
  stream.ReadUntil("\n\n");
  Client idle = Connect();
  idle.Get("/health/live");
  idle.ReadResponse();
  Client next = Connect();
  next.Get("/health/live");
  EXPECT_TRUE(next.ReadResponse().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(idle.ReadAll(), "");
  Client second_stream = Connect();  // takes the place of `next`
  second_stream.Get("/api/v1/stream");
  second_stream.ReadUntil("\n\n");
  Client refused = Connect();  // streams are left alone
  EXPECT_EQ(refused.ReadAll(), "");
  EXPECT_EQ(server_->counters().refused_connections, 3U);
}

TEST_F(HttpServerTest, EndsWithConnectionsOpen) {
  Start();
  Client stream = Connect();
  stream.Get("/api/v1/stream");
  stream.ReadUntil("\n\n");
  Client idle = Connect();
  idle.Get("/health/live");
  idle.ReadResponse();
  server_.reset();
  EXPECT_EQ(idle.ReadAll(), "");
  EXPECT_NE(stream.ReadAll(), "(still open)");
}

}  // namespace
}  // namespace stirbar
