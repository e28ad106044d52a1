#include "supervisor/listen_address.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stirbar {
namespace {

using testing::HasSubstr;

std::string Parsed(std::string_view text) {
  const Result<ListenAddress> address = ParseListenAddress(text);
  return address ? address->host + " " + std::to_string(address->port) : "refused";
}

TEST(ListenAddress, TakesWhatPeopleWrite) {
  EXPECT_EQ(Parsed(""), "127.0.0.1 8800");
  EXPECT_EQ(Parsed("127.0.0.1:9000"), "127.0.0.1 9000");
  EXPECT_EQ(Parsed("localhost:9000"), "127.0.0.1 9000");
  EXPECT_EQ(Parsed(":9000"), "127.0.0.1 9000");
  EXPECT_EQ(Parsed("9000"), "127.0.0.1 9000");
  EXPECT_EQ(Parsed("0.0.0.0:0"), "0.0.0.0 0");
  EXPECT_EQ(Parsed("[::1]:65535"), "::1 65535");
  EXPECT_EQ(Parsed("[::]:80"), ":: 80");
}

TEST(ListenAddress, RefusesTheRestAndSaysWhatItTakes) {
  for (const char* text :
       {"127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:80",
        "example.com:80", "[::1]", "::1", "[::1:80", "127.0.0.1:80 ", " 127.0.0.1:80", ":", "+80",
        "127.0.0.1:0x50", "256.0.0.1:80", "[127.0.0.1:80"}) {
    EXPECT_EQ(Parsed(text), "refused") << text;
  }
  EXPECT_THAT(ParseListenAddress("shop:80").error(), HasSubstr("'shop:80'"));
  EXPECT_THAT(ParseListenAddress("shop:80").error(), HasSubstr("HOST:PORT"));
}

TEST(ListenAddress, OnlyLoopbackIsLoopback) {
  auto loopback = [](std::string host) {
    return ListenAddress{.host = std::move(host)}.IsLoopback();
  };
  EXPECT_TRUE(loopback("127.0.0.1"));
  EXPECT_TRUE(loopback("127.8.9.1"));
  EXPECT_TRUE(loopback("::1"));
  EXPECT_FALSE(loopback("0.0.0.0"));
  EXPECT_FALSE(loopback("::"));
  EXPECT_FALSE(loopback("128.0.0.1"));
  EXPECT_FALSE(loopback("12.7.0.1"));
}

TEST(ListenAddress, ListensWhereAskedAndTellsTheUrl) {
  const Result<ListenSocket> socket = Listen({.host = "127.0.0.1", .port = 0, .chosen = true});
  ASSERT_TRUE(socket.ok()) << socket.error();
  EXPECT_THAT(socket->url, testing::MatchesRegex("http:/{2}127\\.0\\.0\\.1:[0-9]+/"));
  EXPECT_EQ(*UrlOf(socket->file), socket->url);
  EXPECT_NE(fcntl(socket->file, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(socket->file, F_GETFL) & O_NONBLOCK, 0);
  close(socket->file);
  EXPECT_FALSE(UrlOf(-1).ok());
}

TEST(ListenAddress, ATakenPortIsRefusedWhenItWasChosenAndLeftWhenNot) {
  const Result<ListenSocket> first = Listen({.host = "127.0.0.1", .port = 0, .chosen = true});
  ASSERT_TRUE(first.ok());
  const std::string port = first->url.substr(17, first->url.size() - 18);
  ListenAddress taken{.host = "127.0.0.1", .port = static_cast<uint16_t>(std::stoi(port))};
  taken.chosen = true;
  EXPECT_THAT(Listen(taken).error(), HasSubstr("127.0.0.1:" + port + ": Address already in use"));
  taken.chosen = false;
  if (taken.port <= 65'000) {
    const Result<ListenSocket> next = Listen(taken);
    ASSERT_TRUE(next.ok()) << next.error();
    EXPECT_NE(next->url, first->url);
    close(next->file);
  }
  close(first->file);
  EXPECT_THAT(Listen({.host = "203.0.113.7", .port = 1, .chosen = true}).error(),
              HasSubstr("listen on 203.0.113.7:1"));
}

}  // namespace
}  // namespace stirbar
