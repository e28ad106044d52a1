#include "supervisor/cli/http_ask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "supervisor/listen_address.h"

namespace stirbar {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// Accepts one connection, reads its request, and answers with `answer`.
class OneAnswer {
 public:
  explicit OneAnswer(const std::string& answer)
      : socket_(*Listen({.host = "127.0.0.1", .port = 0, .chosen = true})), thread_([this, answer] {
          pollfd waiting{socket_.file, POLLIN, 0};
          poll(&waiting, 1, 5000);
          const int connection = accept(socket_.file, nullptr, nullptr);
          if (connection < 0) return;
          while (request_.find("\r\n\r\n") == std::string::npos) {
            char buffer[1024];
            const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
            if (count <= 0) break;
            request_.append(buffer, static_cast<size_t>(count));
          }
          send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
          char byte = 0;
          if (answer.empty()) recv(connection, &byte, 1, 0);  // until the client gives up
          close(connection);
        }) {}
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
    close(socket_.file);
  }

  const std::string& url() const { return socket_.url; }
  std::string Request() {
    thread_.join();
    return request_;
  }

 private:
  ListenSocket socket_;
  std::string request_;
  std::thread thread_;
};

TEST(HttpGet, GivesStatusAndBody) {
  OneAnswer server("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
  const auto answer = HttpGet(server.url(), "/api/v1/stacks?pid=1", "", milliseconds(5000));
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "none");
  const std::string request = server.Request();
  EXPECT_THAT(request, testing::StartsWith("GET /api/v1/stacks?pid=1 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Host: localhost\r\n"));
  EXPECT_THAT(request, testing::Not(HasSubstr("Authorization")));
}

TEST(HttpPost, SendsJsonWithTheToken) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  const auto answer =
      HttpPost(server.url(), "/api/v1/settings", "secret", R"({"a":1})", milliseconds(5000));
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->body, "{}");
  const std::string request = server.Request();
  EXPECT_THAT(request, testing::StartsWith("POST /api/v1/settings HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer secret\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Length: 7\r\n"));
}

TEST(HttpGet, SendsTheToken) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(HttpGet(server.url(), "/", "secret", milliseconds(5000))->status, 200);
  EXPECT_THAT(server.Request(), HasSubstr("Authorization: Bearer secret\r\n"));
}

TEST(HttpGet, DoesNotWaitForEver) {
  OneAnswer server("");
  const auto answer = HttpGet(server.url(), "/", "", milliseconds(50));
  EXPECT_FALSE(answer.ok());
  EXPECT_THAT(answer.error(), HasSubstr("no answer in time"));
  server.Request();
}

TEST(HttpGet, SaysWhyThereIsNoAnswer) {
  const ListenSocket socket = *Listen({.host = "127.0.0.1", .port = 0, .chosen = true});
  close(socket.file);  // nobody listens there now
  EXPECT_THAT(HttpGet(socket.url, "/", "", milliseconds(5000)).error(), HasSubstr("refused"));
  for (const char* bad : {"", "127.0.0.1:1", "http://", "http://app.example:1/",
                          "http://127.0.0.1:99999/", "http://127.0.0.1/", "https://127.0.0.1:1/"}) {
    EXPECT_THAT(HttpGet(bad, "/", "", milliseconds(50)).error(),
                HasSubstr("is no address of a supervisor"));
  }
}

}  // namespace
}  // namespace stirbar
