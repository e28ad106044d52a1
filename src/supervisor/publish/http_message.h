// Requests and responses as plain values, so that routing can be tested without sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stirbar {

using HttpHeader = std::pair<std::string, std::string>;

struct HttpRequest {
  std::string method;  // as sent; HTTP's are upper case
  std::string target;  // "/path?query"
  int version = 11;    // 10 or 11
  std::vector<HttpHeader> headers;
  std::string body;
  std::string client;  // who sent it, for limits: an IPv4 address or an IPv6 /64

  // The first value of `name` (in any case), or empty.
  std::string_view Header(std::string_view name) const;
  size_t HeaderCount(std::string_view name) const;
  // The target without its query.
  std::string_view Path() const;
};

struct HttpResponse {
  int status = 200;
  std::vector<HttpHeader> headers;
  // The body, and who keeps it alive: the program itself (embedded files) when null.
  std::string_view body;
  std::shared_ptr<const std::string> owner;
  bool without_body = false;  // HEAD, 304: only the headers are sent
  bool is_stream = false;     // the event stream follows instead of a body
  bool close = false;         // the connection ends with this response

  void SetBody(std::string_view content_type, std::shared_ptr<const std::string> text);
  void SetBody(std::string_view content_type, std::string text);
  // The first value of `name` (in any case), or empty.
  std::string_view Header(std::string_view name) const;
};

// {"error": "..."} with the content type of JSON.
HttpResponse ErrorResponse(int status, std::string_view message);

// 303: to be fetched with GET.
HttpResponse RedirectResponse(std::string_view location);

// How much the client wants `name` by an Accept or Accept-Encoding header: 0..1, 0 when it does not
// name it. Wildcards are the caller's business: ask for "*" or "*/*".
double Quality(std::string_view header, std::string_view name);

bool EqualIgnoringCase(std::string_view a, std::string_view b);
std::string_view Trim(std::string_view text);  // spaces and tabs
// What stands before `separator`, which is removed with it from `rest`; all when there is none.
std::string_view TakeUntil(char separator, std::string_view* rest);
// The value of `name` in "a=1&name=value" (a form, a query), decoded; absent when it is not there.
std::optional<std::string> FormField(std::string_view form, std::string_view name);

}  // namespace stirbar
