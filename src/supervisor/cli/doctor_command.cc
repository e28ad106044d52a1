#include <cstdio>

#include "supervisor/cli/ask_supervisor.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/diagnosis.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/segment_finder.h"

namespace stirbar {
namespace {

Result<boost::json::object> Connections(const ViewOptions& options) {
  const Result<HttpAnswer> answer = AskSupervisor(options, "/api/v1/connections");
  if (!answer) return Error{answer.error()};
  return ParsedAnswer(*answer);
}

}  // namespace

int DoctorCommand(const ViewOptions& options) {
  const auto mapping = FindSegment(options.segment, options.name);
  if (!mapping) return FailView(options, mapping.error());
  const Result<boost::json::object> snapshot = ParsedSnapshot(**mapping);
  if (!snapshot) return FailView(options, snapshot.error());
  const Result<boost::json::object> connections = Connections(options);
  const boost::json::object diagnosis = Diagnose(*snapshot, connections ? &*connections : nullptr,
                                                 connections ? "" : connections.error());
  if (options.output == Output::kJson) {
    PrintJson(diagnosis);
  } else {
    for (const std::string& line : RenderDiagnosis(diagnosis)) std::printf("%s\n", line.c_str());
  }
  return ExitStatusOf(diagnosis);
}

}  // namespace stirbar
