#include <cstdio>

#include "supervisor/cli/commands.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/render_requests.h"
#include "supervisor/cli/segment_finder.h"

namespace stirbar {

int RequestsCommand(const ViewOptions& options, Requests which) {
  const auto mapping = FindSegment(options.segment, options.name);
  if (!mapping) return FailView(options, mapping.error());
  const Result<boost::json::object> snapshot = ParsedSnapshot(**mapping);
  if (!snapshot) return FailView(options, snapshot.error());
  if (options.output == Output::kJson) {
    boost::json::object answer;
    for (const char* name : {"time", which == Requests::kSlow ? "slow_requests" : "in_flight"}) {
      const boost::json::value* const found = snapshot->if_contains(name);
      if (found == nullptr) return FailView(options, "the snapshot does not say");
      answer.emplace(name, *found);
    }
    PrintJson(answer);
    return 0;
  }
  for (const std::string& line :
       which == Requests::kSlow ? RenderSlow(*snapshot) : RenderInFlight(*snapshot)) {
    std::printf("%s\n", line.c_str());
  }
  return 0;
}

}  // namespace stirbar
