#include "probe/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace stirbar {
namespace {

std::string Request(const std::string& line, const std::string& headers = "Host: localhost\r\n") {
  return line + "\r\n" + headers + "\r\n";
}

TEST(RequestHead, MethodAndPathWithoutTheQuery) {
  const std::string text = Request("GET /work/7?secret=x&a=b HTTP/1.1");
  const auto head = ReadRequestHead(text);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->method, HttpMethod::kGet);
  EXPECT_EQ(head->path, "/work/7");
  const std::string bare = "HEAD / HTTP/1.0\r\n\r\n";
  ASSERT_TRUE(ReadRequestHead(bare).has_value());
  EXPECT_EQ(ReadRequestHead(bare)->method, HttpMethod::kHead);
  EXPECT_EQ(ReadRequestHead(bare)->path, "/");
}

TEST(RequestHead, WhatIsNotAllThereOrGoesOnIsNotRead) {
  const std::string whole = Request("GET /work HTTP/1.1");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(ReadRequestHead(std::string_view(whole).substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(ReadRequestHead(whole + whole).has_value());
  EXPECT_FALSE(ReadRequestHead(whole + "x").has_value());
}

TEST(RequestHead, OtherMethodsVersionsAndPathsAreLeftToTheServer) {
  for (const char* line :
       {"POST /work HTTP/1.1", "get /work HTTP/1.1", "GET  /work HTTP/1.1", "GET /work HTTP/2.0",
        "GET /work", "GET /%61dmin HTTP/1.1", "GET //work HTTP/1.1", "GET /./work HTTP/1.1",
        "GET /a/../work HTTP/1.1", "GET http://localhost/work HTTP/1.1", "GET * HTTP/1.1",
        "PROXY TCP4 127.0.0.1 127.0.0.1 1 2", "", "GET /work HTTP/1.1 "}) {
    EXPECT_FALSE(ReadRequestHead(Request(line)).has_value()) << line;
  }
}

TEST(RequestHead, HeadersThatMayChangeTheAnswerAreLeftToTheServer) {
  for (const char* header :
       {"Content-Length: 3", "Transfer-Encoding: chunked", "Upgrade: websocket",
        "expect: 100-continue", "X-Request-Start: t=1", "x-queue-start: 1", "X-REQUEST-TIMEOUT: 2s",
        "X-Envoy-Expected-Rq-Timeout-Ms: 5", " folded: line", "\tfolded: line"}) {
    const std::string lines = "Host: localhost\r\n" + std::string(header) + "\r\nAccept: */*\r\n";
    EXPECT_FALSE(ReadRequestHead(Request("GET /work HTTP/1.1", lines)).has_value()) << header;
  }
  EXPECT_TRUE(ReadRequestHead(Request("GET /work HTTP/1.1", "X-Upgrade: 1\r\n")).has_value());
}

}  // namespace
}  // namespace stirbar
