// Between the bytes of a connection and the plain values of http_message.h, without sockets: used
// by the server and, for the same answers to the same bytes, by its fuzz target.
#pragma once

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/publish/http_message.h"

namespace stirbar {

inline constexpr uint32_t kHttpHeaderLimit = 16 * 1024;
inline constexpr uint64_t kHttpBodyLimit = 64 * 1024;
// Of a connection's buffer: a request that is allowed always fits.
inline constexpr size_t kHttpBufferLimit = kHttpHeaderLimit + kHttpBodyLimit;

using RequestMessage = boost::beast::http::request<boost::beast::http::string_body>;
using ResponseMessage = boost::beast::http::response<boost::beast::http::span_body<const char>>;

// Parses one request; more than the limits is an error.
class RequestParser : public boost::beast::http::request_parser<boost::beast::http::string_body> {
 public:
  RequestParser() {
    header_limit(kHttpHeaderLimit);
    body_limit(kHttpBodyLimit);
  }
};

// What a response takes over from its request.
struct HttpFraming {
  unsigned version = 11;
  bool keep_alive = false;
};

struct HttpRefusal {
  int status = 0;  // 0: the connection just ended, there is nobody to answer
  std::string_view reason;
};

HttpRequest PlainRequest(RequestMessage&& message, std::string client);

// What to answer when reading a request ended with `code`.
HttpRefusal RefusalFor(boost::system::error_code code);

// Whether another request may follow on the connection.
bool KeepsAlive(const HttpResponse& response, HttpFraming framing);

// `response` as it is sent, with Date, Connection and Content-Length. Borrows its body.
ResponseMessage WireResponse(const HttpResponse& response, HttpFraming framing);

}  // namespace stirbar
