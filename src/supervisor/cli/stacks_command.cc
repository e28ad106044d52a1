#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "supervisor/cli/commands.h"
#include "supervisor/cli/http_get.h"
#include "supervisor/cli/render_stacks.h"
#include "supervisor/cli/segment_finder.h"

namespace stirbar {
namespace {

constexpr std::chrono::seconds kTimeout{3};
constexpr std::chrono::milliseconds kPause{250};
constexpr int kFailed = 1;

int Fail(const ViewOptions& view, const std::string& reason) {
  if (view.output == Output::kJson) {
    const boost::json::object answer{{"error", reason}};
    std::printf("%s\n", boost::json::serialize(answer).c_str());
  } else {
    std::fprintf(stderr, "stirbar: stacks: %s\n", reason.c_str());
  }
  return kFailed;
}

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

int StacksCommand(const StacksOptions& options) {
  const ViewOptions& view = options.view;
  const Result<std::string> url = UrlOfSupervisor(view);
  if (!url) return Fail(view, url.error());
  const std::string target =
      "/api/v1/stacks" + (options.pid != 0 ? "?pid=" + std::to_string(options.pid) : "");
  const Result<HttpAnswer> answer = Ask(*url, target);
  if (!answer) return Fail(view, answer.error());
  if (answer->status != 200) return Fail(view, ErrorOf(*answer));
  if (view.output == Output::kJson) {
    std::printf("%s\n", answer->body.c_str());
    return 0;
  }
  boost::json::error_code code;
  const boost::json::value stacks = boost::json::parse(answer->body, code);
  if (code || !stacks.is_object()) return Fail(view, "the answer cannot be read");
  const bool colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  const ShownThreads shown = options.all ? ShownThreads::kAll : ShownThreads::kConcerned;
  for (const std::string& line :
       RenderStacks(stacks.as_object(), shown, colour ? Colour::kOn : Colour::kOff)) {
    std::printf("%s\n", line.c_str());
  }
  return 0;
}

}  // namespace stirbar
