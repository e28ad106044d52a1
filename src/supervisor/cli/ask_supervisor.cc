#include "supervisor/cli/ask_supervisor.h"

#include <boost/json/parse.hpp>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "supervisor/cli/segment_finder.h"

namespace stirbar {
namespace {

constexpr std::chrono::seconds kTimeout{3};
constexpr std::chrono::milliseconds kPause{250};

// Where the pages of the app's supervisor are.
Result<std::string> UrlOfSupervisor(const ViewOptions& view) {
  const auto mapping = FindSegment(view.segment, view.name);
  if (!mapping) return Error{mapping.error()};
  if (!IsWatched(**mapping)) return Error{"no supervisor watches " + (*mapping)->path()};
  const SupervisorBlock& block = (*mapping)->segment().supervisor;
  const std::string url(block.url, strnlen(block.url, sizeof block.url));
  if (url.empty()) return Error{"the supervisor has no pages of its own to ask: give it --listen"};
  return url;
}

// Asks again for a while where others have just asked for more than the supervisor reads.
Result<HttpAnswer> Ask(const std::string& url, const std::string& target) {
  std::string token;
  const auto end = std::chrono::steady_clock::now() + kTimeout;
  for (;;) {
    Result<HttpAnswer> answer = HttpGet(url, target, token, kTimeout);
    if (!answer) return answer;
    if (answer->status == 401 && token.empty()) {
      // Only a supervisor that asks for the token gets it.
      token = StoredToken();
      if (!token.empty()) continue;
    }
    if (answer->status != 429 || std::chrono::steady_clock::now() >= end) return answer;
    std::this_thread::sleep_for(kPause);
  }
}

// {"error": "..."} in words.
std::string ErrorOf(const HttpAnswer& answer) {
  boost::json::error_code code;
  const boost::json::value body = boost::json::parse(answer.body, code);
  if (!code && body.is_object()) {
    const boost::json::value* const error = body.as_object().if_contains("error");
    if (error != nullptr && error->is_string()) return std::string(error->as_string());
  }
  return "the supervisor answered with status " + std::to_string(answer.status);
}

}  // namespace

Result<HttpAnswer> AskSupervisor(const ViewOptions& view, const std::string& target) {
  const Result<std::string> url = UrlOfSupervisor(view);
  if (!url) return Error{url.error()};
  Result<HttpAnswer> answer = Ask(*url, target);
  if (answer && answer->status != 200) return Error{ErrorOf(*answer)};
  return answer;
}

Result<HttpAnswer> ChangeSupervisor(const ViewOptions& view, const std::string& target,
                                    const std::string& json) {
  const Result<std::string> url = UrlOfSupervisor(view);
  if (!url) return Error{url.error()};
  const std::string token = StoredToken();
  if (token.empty()) return Error{"a change needs the supervisor's token, and there is none"};
  Result<HttpAnswer> answer = HttpPost(*url, target, token, json, kTimeout);
  if (answer && answer->status != 200) return Error{ErrorOf(*answer)};
  return answer;
}

Result<boost::json::object> ParsedAnswer(const HttpAnswer& answer) {
  boost::json::error_code code;
  boost::json::value body = boost::json::parse(answer.body, code);
  if (code || !body.is_object()) return Error{"the answer cannot be read"};
  return std::move(body.as_object());
}

}  // namespace stirbar
