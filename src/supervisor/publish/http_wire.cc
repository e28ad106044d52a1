#include "supervisor/publish/http_wire.h"

#include <ctime>
#include <utility>

namespace stirbar {
namespace {

namespace http = boost::beast::http;

std::string HttpDate() {
  const time_t now = std::time(nullptr);
  tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text;
}

}  // namespace

HttpRequest PlainRequest(RequestMessage&& message, std::string client) {
  HttpRequest request;
  request.method = message.method_string();
  request.target = message.target();
  request.version = static_cast<int>(message.version());
  for (const auto& field : message) {
    request.headers.emplace_back(field.name_string(), field.value());
  }
  request.body = std::move(message.body());
  request.client = std::move(client);
  return request;
}

HttpRefusal RefusalFor(boost::system::error_code code) {
  if (code == http::error::header_limit || code == http::error::buffer_overflow) {
    return {431, "the header is larger than 16 KiB"};
  }
  if (code == http::error::body_limit) return {413, "the body is larger than 64 KiB"};
  const bool malformed = code.category() == make_error_code(http::error::bad_version).category() &&
                         code != http::error::end_of_stream;
  if (malformed) return {400, "this is not a well-formed HTTP/1.1 request"};
  return {};
}

bool KeepsAlive(const HttpResponse& response, HttpFraming framing) {
  return framing.keep_alive && !response.close;
}

ResponseMessage WireResponse(const HttpResponse& response, HttpFraming framing) {
  ResponseMessage message;
  message.version(framing.version);
  message.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.set(http::field::date, HttpDate());
  message.keep_alive(KeepsAlive(response, framing));
  // 304 would have to give the length that 200 has; it may as well give none.
  if (!response.is_stream && response.status != 304) {
    message.set(http::field::content_length, std::to_string(response.body.size()));
  }
  if (!response.without_body && !response.is_stream) {
    message.body() = {response.body.data(), response.body.size()};
  }
  return message;
}

}  // namespace stirbar
