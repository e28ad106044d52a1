#include "supervisor/publish/api_endpoint.h"

#include <boost/json/parse.hpp>
#include <utility>

namespace stirbar {

std::optional<std::string> ApiRequest::Query(std::string_view name) const {
  std::string_view query = http.target;
  TakeUntil('?', &query);
  return FormField(query, name);
}

Result<boost::json::object> ApiRequest::Body() const {
  boost::system::error_code code;
  boost::json::value value = boost::json::parse(http.body, code);
  if (code) return Error{"the body is no JSON: " + code.message()};
  if (!value.is_object()) return Error{"the body is no JSON object"};
  return std::move(value.as_object());
}

HttpResponse JsonResponse(std::string text) {
  HttpResponse response;
  response.SetBody("application/json", std::move(text));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace stirbar
