#include <cstdio>

#include "supervisor/cli/ask_supervisor.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/render_connections.h"

namespace stirbar {

int ConnectionsCommand(const ConnectionsOptions& options) {
  const Result<HttpAnswer> answer = AskSupervisor(options.view, "/api/v1/connections");
  if (!answer) return FailView(options.view, answer.error());
  const Result<boost::json::object> parsed = ParsedAnswer(*answer);
  if (!parsed) return FailView(options.view, parsed.error());
  const boost::json::object connections = OfPool(*parsed, options.pool);
  if (options.view.output == Output::kJson) {
    PrintJson(connections);
    return 0;
  }
  const ShownStacks shown = options.stacks ? ShownStacks::kWhole : ShownStacks::kPlace;
  for (const std::string& line : RenderConnections(connections, shown)) {
    std::printf("%s\n", line.c_str());
  }
  return 0;
}

}  // namespace stirbar
