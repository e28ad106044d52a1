// An address of the API that a part of the supervisor brings along: the router checks who asks, the
// endpoint answers.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "supervisor/publish/http_message.h"
#include "supervisor/supervisor.h"

namespace stirbar {

struct ApiRequest {
  const HttpRequest& http;
  std::shared_ptr<const Snapshot> snapshot;  // null before the first tick
  uint64_t now_ns = 0;                       // monotonic
  std::string actor;                         // for records: "operator from 127.0.0.1"

  // `name` of the query, decoded; absent when it is not there.
  std::optional<std::string> Query(std::string_view name) const;
  // The body of a change. Failure: it is no JSON object, says why.
  Result<boost::json::object> Body() const;
};

// Threads: the event loop's. Time: milliseconds.
using ApiHandler = std::function<HttpResponse(const ApiRequest&)>;

// `get` is for whoever may read, `post` for operators only; either may be missing.
struct ApiEndpoint {
  std::string path;  // "/api/v1/settings"
  ApiHandler get = {};
  ApiHandler post = {};
};

// 200 with JSON that is not to be kept.
HttpResponse JsonResponse(std::string text);

}  // namespace stirbar
