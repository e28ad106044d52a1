#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "supervisor/cli/ask_supervisor.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/render_stacks.h"

namespace stirbar {
namespace {

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

}  // namespace

int StacksCommand(const StacksOptions& options) {
  const ViewOptions& view = options.view;
  const std::string target =
      "/api/v1/stacks" + (options.pid != 0 ? "?pid=" + std::to_string(options.pid) : "");
  const Result<HttpAnswer> answer = AskSupervisor(view, target);
  if (!answer) return Fail(view, answer.error());
  if (view.output == Output::kJson) {
    std::printf("%s\n", answer->body.c_str());
    return 0;
  }
  const Result<boost::json::object> stacks = ParsedAnswer(*answer);
  if (!stacks) return Fail(view, stacks.error());
  const bool colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  const ShownThreads shown = options.all ? ShownThreads::kAll : ShownThreads::kConcerned;
  for (const std::string& line :
       RenderStacks(*stacks, shown, colour ? Colour::kOn : Colour::kOff)) {
    std::printf("%s\n", line.c_str());
  }
  return 0;
}

}  // namespace stirbar
