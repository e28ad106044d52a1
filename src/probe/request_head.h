// The head of an HTTP/1 request, as far as it says without a doubt what the request is. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "segment/layout.h"

namespace stirbar {

struct RequestHead {
  HttpMethod method = HttpMethod::kGet;
  std::string_view path;  // a part of the text; without the query
};

// Absent wherever a closer look would be needed, which the server and the app then take: a method
// that has a body, a head that is not all there or has something behind it, a path that is escaped,
// a header that may change when or how the request is to be answered (a proxy's times, Upgrade,
// Expect). Time: one pass over `text`.
std::optional<RequestHead> ReadRequestHead(std::string_view text) noexcept;

}  // namespace stirbar
